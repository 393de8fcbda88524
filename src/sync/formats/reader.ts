import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { YamlNode } from '../../util/text/yaml.ts';
import { parseGoDuration } from './duration.ts';

/** A value in a file, with its position. */
export interface Field {
  readonly node: YamlNode;
  /** "sync[0].tags.allow"; empty for the file as a whole. */
  readonly path: string;
  readonly file: FileContext;
}

export interface FileContext {
  readonly name: string;
  /** Reports a problem that stops a run only with `--strict`. */
  warn(text: string): void;
}

/** Reads a value; `undefined` if the file leaves it empty. */
export type Reader<T> = (field: Field) => T | undefined;

/** @throws AppError USAGE that names file, line and key */
export function fail({ file, path, node }: Field, rule: string): never {
  const key = path === '' ? '' : `${sanitize(path)} `;
  const where = `${sanitize(file.name)}, line ${node.line}`;
  throw new AppError('USAGE', `cannot read ${where}: ${key}${sanitize(rule)}`);
}

const NULLS: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);

export function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.plain && NULLS.has(node.text);
}

const KINDS = { scalar: 'a text', list: 'a list', map: 'a map' } as const;

/** Reads every scalar as written: 3.10 stays "3.10", null is the text "null". */
export const text: Reader<string> = (field) => {
  const { node } = field;
  if (node.kind === 'scalar') return node.text;
  return fail(field, `is ${KINDS[node.kind]}, not a text`);
};

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  y: true,
  false: false,
  no: false,
  off: false,
  n: false,
};

/** Also accepts YAML 1.1's words; quoted text is not a boolean. */
export const flag: Reader<boolean> = (field) => {
  const { node } = field;
  if (isNull(node)) return undefined;
  const word = node.kind === 'scalar' && node.plain ? node.text : '';
  const lower = word.toLowerCase();
  const isWord = word === lower || word === word.toUpperCase() || /^\p{Lu}\p{Ll}+$/u.test(word);
  const value = isWord && Object.hasOwn(BOOLEANS, lower) ? BOOLEANS[lower] : undefined;
  return value ?? fail(field, 'is neither true nor false');
};

const number = (isWhole: boolean): Reader<number> => {
  return (field) => {
    const { node } = field;
    if (isNull(node)) return undefined;
    const written = node.kind === 'scalar' ? node.text.trim() : '';
    const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu.test(written)
      ? Number(written)
      : Number.NaN;
    const fits = isWhole ? Number.isSafeInteger(value) : Number.isFinite(value);
    return fits ? value : fail(field, isWhole ? 'is no whole number' : 'is no number');
  };
};

export const integer = number(true);
export const decimal = number(false);

/** Reads a duration to milliseconds; a number needs its unit. */
export const duration: Reader<number> = (field) => {
  const written = text(field) ?? '';
  try {
    return parseGoDuration(written);
  } catch (error) {
    return fail(field, error instanceof Error ? error.message : '');
  }
};

/** Accepts any value, for keys that are ignored. */
export const anything: Reader<true> = () => true;

export function list<T>(item: Reader<T>): Reader<readonly T[]> {
  return (field) => {
    const { node, path, file } = field;
    if (isNull(node)) return undefined;
    if (node.kind !== 'list') return fail(field, `is ${KINDS[node.kind]}, not a list`);
    return node.items().flatMap((one, i) => {
      const value = item({ node: one, path: `${path}[${i}]`, file });
      return value === undefined ? [] : [value];
    });
  };
}

/** Entries of a map with user-defined keys. */
export function entriesOf(field: Field): readonly (readonly [string, Field])[] {
  const { node, path, file } = field;
  if (isNull(node)) return [];
  if (node.kind !== 'map') return fail(field, `is ${KINDS[node.kind]}, not a map`);
  const prefix = path === '' ? '' : `${path}.`;
  return node.entries().map(({ key, value }) => [key, { node: value, path: prefix + key, file }]);
}

export function record<T>(value: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (field) => {
    const all: Record<string, T> = {};
    for (const [key, one] of entriesOf(field)) {
      const read = value(one);
      if (read !== undefined) Object.defineProperty(all, key, { value: read, enumerable: true });
    }
    return all;
  };
}

type Shape = Readonly<Record<string, Reader<unknown>>>;

type Read<S extends Shape> = {
  readonly [K in keyof S]?: S[K] extends Reader<infer T> ? T : never;
};

/** Reads a map of known keys; others cause a warning. `skip`: keys that are ignored silently. */
export function object<S extends Shape>(
  shape: S,
  skip: (key: string) => boolean = () => false,
): Reader<Read<S> & { readonly line: number }> {
  return (field) => {
    const all: Record<string, unknown> = { line: field.node.line };
    for (const [key, one] of entriesOf(field)) {
      if (skip(key)) continue;
      const reader = Object.hasOwn(shape, key) ? shape[key] : undefined;
      if (reader === undefined) warnUnknown(one);
      else {
        const value = reader(one);
        if (value !== undefined) all[key] = value;
      }
    }
    return all as Read<S> & { readonly line: number };
  };
}

export function warnUnknown({ file, path, node }: Field): void {
  file.warn(`${file.name}, line ${node.line}: the key "${path}" is unknown and has no effect`);
}
