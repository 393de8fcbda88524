import { safeJson } from '../../errors/sanitize.ts';
import { templateError } from './expression.ts';

export type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** A value as Go prints it: `[a b]` for lists, `map[k:v]` for objects, `<no value>` for none. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<no value>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, one]) => `${key}:${goText(one)}`).join(' ')}]`;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Go's truth: nothing, zero and what is empty are false. */
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
  ['join', (list, separator) => asList('join', list).map(goText).join(goText(separator))],
  ['split', (text, separator) => goText(text).split(goText(separator))],
  ['upper', (text) => goText(text).toUpperCase()],
  ['lower', (text) => goText(text).toLowerCase()],
  ['title', (text) => goText(text).replace(/\b\p{L}/gu, (letter) => letter.toUpperCase())],
  ['truncate', (text, length) => Array.from(goText(text)).slice(0, numberOf(length)).join('')],
  ['print', (...args) => args.map(goText).join('')],
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

/** An object cannot be made a number of: NaN. */
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

const MAX_PAD = 1000;

/** `%s %v %d %q %%`, with `%-20s` and `%8d` widths. */
function printf(format: string, args: readonly unknown[]): string {
  let at = 0;
  return format.replace(
    /%(-?)(\d*)([svdq%])/gu,
    (_whole, left: string, width: string, verb: string) => {
      if (verb === '%') return '%';
      const value = args[at];
      at += 1;
      const text = verb === 'q' ? JSON.stringify(goText(value)) : goText(value);
      const length = Math.min(Number(width), MAX_PAD);
      return left === '-' ? text.padEnd(length) : text.padStart(length);
    },
  );
}
