import { safeJson } from '../../errors/sanitize.ts';
import { templateError } from './expression.ts';

export type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** A value with methods that a template may call by name. */
export abstract class TemplateObject {
  /** Its printed form. */
  abstract toText(): string;
}

/** A value as Go prints it: `[a b]` for lists, `map[k:v]` for objects, `<no value>` for none. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<no value>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (value instanceof TemplateObject) return value.toText();
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, one]) => `${key}:${goText(one)}`).join(' ')}]`;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Go's truth: nil, zero and empty values are false. */
export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return Object.keys(value).length > 0;
  return value !== 0 && value !== '';
}

/** Functions of Go's text/template and the ones that Docker adds. */
export const TEMPLATE_FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map<
  string,
  TemplateFunction
>([
  ['json', (value) => safeJson(JSON.stringify(value ?? null))],
  ['len', lengthOf],
  ['index', (value, ...keys) => keys.reduce<unknown>(indexOf, value)],
  ['slice', (value, from = 0, to) => sliceOf(value, numberOf(from), to)],
  ['join', (list, separator) => asList('join', list).map(goText).join(goText(separator))],
  ['split', (text, separator) => goText(text).split(goText(separator))],
  ['upper', (text) => goText(text).toUpperCase()],
  ['lower', (text) => goText(text).toLowerCase()],
  ['title', (text) => goText(text).replace(/\b\p{L}/gu, (letter) => letter.toUpperCase())],
  ['truncate', (text, length) => Array.from(goText(text)).slice(0, numberOf(length)).join('')],
  ['print', print],
  ['slice', slice],
  ['html', (...args) => escapeBy(HTML, print(...args))],
  ['js', (...args) => escapeBy(JAVASCRIPT, print(...args))],
  ['println', (...args) => `${args.map(goText).join(' ')}\n`],
  ['printf', (format, ...args) => printf(goText(format), args)],
  ['eq', (one, ...others) => others.some((other) => one === other)],
  ['ne', (one, other) => one !== other],
  ['lt', (one, other) => compareValues(one, other) < 0],
  ['le', (one, other) => compareValues(one, other) <= 0],
  ['gt', (one, other) => compareValues(one, other) > 0],
  ['ge', (one, other) => compareValues(one, other) >= 0],
  ['not', (value) => !isTrue(value)],
  ['and', (...args) => firstWhere(args, (one) => !isTrue(one))],
  ['or', (...args) => firstWhere(args, isTrue)],
]);

/** NaN for an object, which is no number. */
function numberOf(value: unknown): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
}

function firstWhere(args: readonly unknown[], holds: (one: unknown) => boolean): unknown {
  const at = args.findIndex(holds);
  return at < 0 ? args.at(-1) : args[at];
}

function lengthOf(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === 'string') return new TextEncoder().encode(value).byteLength;
  if (typeof value !== 'object')
    throw templateError(`len of ${goText(value)}, which has no length`);
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

function indexOf(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    const at = numberOf(key);
    if (Number.isInteger(at) && at >= 0 && at < value.length) return value[at] as unknown;
    throw templateError(`index ${goText(key)} is outside a list of ${value.length}`);
  }
  if (value === null || typeof value !== 'object') return undefined;
  const name = goText(key);
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** Index into a list, or into the bytes of a text. */
function sliceOf(value: unknown, from: number, end: unknown): unknown {
  const whole = Array.isArray(value) ? (value as readonly unknown[]) : Buffer.from(goText(value));
  const to = end === undefined ? whole.length : numberOf(end);
  if (!(from >= 0 && from <= to && to <= whole.length)) {
    throw templateError(`slice ${from}:${to} is outside a length of ${whole.length}`);
  }
  const part = whole.slice(from, to);
  return part instanceof Uint8Array ? Buffer.from(part).toString() : part;
}

function asList(name: string, value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw templateError(`${name} wants a list, not ${goText(value)}`);
  return value;
}

function compareValues(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  if (typeof one === 'string' && typeof other === 'string')
    return one < other ? -1 : one > other ? 1 : 0;
  throw templateError(`cannot compare ${goText(one)} with ${goText(other)}`);
}

/** As in Go, a space separates two values if neither is a string. */
function print(...args: readonly unknown[]): string {
  return args
    .map((one, i) => {
      const apart = i > 0 && typeof one !== 'string' && typeof args[i - 1] !== 'string';
      return `${apart ? ' ' : ''}${goText(one)}`;
    })
    .join('');
}

/** Slices a string by bytes, as Go does. */
function slice(value: unknown, from: unknown = 0, to?: unknown): unknown {
  const length = lengthOf(value);
  const [start, end] = [numberOf(from), to === undefined ? length : numberOf(to)];
  if (!(start >= 0 && start <= end && end <= length))
    throw templateError(`slice ${goText(start)} to ${goText(end)} is outside of ${length}`);
  if (Array.isArray(value)) return value.slice(start, end) as unknown;
  if (typeof value !== 'string') throw templateError(`slice of ${goText(value)}`);
  return Buffer.from(value).subarray(start, end).toString();
}

const HTML: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&#34;',
  "'": '&#39;',
};

const JAVASCRIPT: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

function escapeBy(table: Readonly<Record<string, string>>, text: string): string {
  return text.replace(/[<>&"'\\=]/gu, (char) => table[char] ?? char);
}

const MAX_PAD = 1000;

/** `%s %v %d %q %x %t %f %%`, with `%-20s`, `%08d` and `%.3s`. */
function printf(format: string, args: readonly unknown[]): string {
  let at = 0;
  return format.replace(
    /%([-0+]*)(\d*)(?:\.(\d*))?([svdqxtf%])/gu,
    (_whole, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      if (at >= args.length) return `%!${verb}(MISSING)`;
      const value = args[at];
      at += 1;
      const text = formatVerb(verb, value, precision);
      const length = Math.min(Number(width), MAX_PAD);
      if (flags.includes('-')) return text.padEnd(length);
      return text.padStart(length, flags.includes('0') ? '0' : ' ');
    },
  );
}

function formatVerb(verb: string, value: unknown, precision: string | undefined): string {
  const text = goText(value);
  if (verb === 'q') return JSON.stringify(text);
  if (verb === 'f') return numberOf(value).toFixed(precision === undefined ? 6 : Number(precision));
  if (verb === 'd') return value instanceof TemplateObject ? String(Number(value)) : text;
  if (verb === 'x') {
    return typeof value === 'number' ? value.toString(16) : Buffer.from(text).toString('hex');
  }
  return precision === undefined ? text : Array.from(text).slice(0, Number(precision)).join('');
}
