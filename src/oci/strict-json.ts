import { AppError } from '../errors/app-error.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { sanitize } from '../errors/sanitize.ts';

/** Deeper nesting than any manifest or config has; a bound against stack exhaustion. */
const MAX_DEPTH = 64;

/**
 * Parses JSON as the image-spec requires: UTF-8 only, no duplicate keys (image-spec v1.1.1
 * considerations.md "JSON"), no member of `members` in different case, limited depth. Objects have
 * no prototype.
 * @throws AppError with `code`; `what` names the document in the message.
 */
export function parseJsonStrict(
  bytes: Uint8Array,
  code: ErrorCode,
  what: string,
  members: Members = {},
): unknown {
  const fail = (rule: string): AppError => new AppError(code, `invalid ${what}: ${rule}`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fail('it is not UTF-8 text');
  }
  const start = /[^\s]/.exec(text)?.[0];
  if (start === undefined) throw fail('it is empty');
  if (start === '<') throw fail('it looks like an HTML page, not JSON');
  checkStructure(text, fail);
  let value: unknown;
  try {
    value = JSON.parse(text, withoutPrototype);
  } catch {
    // V8's message quotes the text, which may be a secret.
    throw fail('it is not valid JSON');
  }
  const misspelled = misspelledMember(value, members);
  if (misspelled !== undefined) throw fail(misspelled);
  return value;
}

function withoutPrototype(_key: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.assign(Object.create(null) as object, value)
    : value;
}

/** One linear scan for depth and duplicate keys; JSON.parse checks the grammar. */
function checkStructure(text: string, fail: (rule: string) => AppError): void {
  const stack: (Set<string> | undefined)[] = [];
  let i = 0;
  while (i < text.length) {
    const char = text[i];
    if (char === '{' || char === '[') {
      if (stack.length >= MAX_DEPTH) throw fail(`it is nested deeper than ${MAX_DEPTH} levels`);
      stack.push(char === '{' ? new Set() : undefined);
    } else if (char === '}' || char === ']') {
      stack.pop();
    } else if (char === '"') {
      const end = endOfString(text, i);
      const keys = stack.at(-1);
      if (keys !== undefined && isKeyAt(text, end)) addKey(keys, text.slice(i, end), fail);
      i = end;
      continue;
    }
    i += 1;
  }
}

/** Index after the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return Math.min(i + 1, text.length);
}

function isKeyAt(text: string, end: number): boolean {
  let i = end;
  while (
    i < text.length &&
    (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t')
  )
    i += 1;
  return text[i] === ':';
}

function addKey(keys: Set<string>, literal: string, fail: (rule: string) => AppError): void {
  let key: unknown;
  try {
    key = JSON.parse(literal) as unknown;
  } catch {
    return;
  }
  if (typeof key !== 'string') return;
  if (keys.has(key)) throw fail(`the key "${sanitize(key.slice(0, 80))}" appears twice`);
  keys.add(key);
}

/**
 * Returns the rule that a key breaks if it differs from one of `known` only in case. Readers in Go
 * accept such a key and other readers do not, so the same bytes would be two documents
 * (CVE-2021-41190). `undefined` if there is no such key.
 */
export function keyDifferingInCase(object: object, known: ReadonlySet<string>): string | undefined {
  const key = Object.keys(object).find((one) => !known.has(one) && known.has(exact(one, known)));
  return key === undefined
    ? undefined
    : `the key "${sanitize(key.slice(0, 80))}" differs from "${exact(key, known)}" only in case`;
}

function exact(key: string, known: ReadonlySet<string>): string {
  const wanted = foldCase(key);
  return [...known].find((one) => foldCase(one) === wanted) ?? '';
}

/** Folds like Go (encoding/json, "foldName"): also the long s and the Kelvin sign. */
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}

/** The members that readers know in a document; `true` for a value or a map. */
export interface Members {
  readonly [member: string]: Members | true;
}

/**
 * Returns the rule that a member breaks if it differs from a known one only in case, at any depth
 * of `members`; the objects of a list have the same members. `undefined` if there is none.
 */
export function misspelledMember(value: unknown, members: Members): string | undefined {
  if (Array.isArray(value)) return firstOf(value, (one) => misspelledMember(one, members));
  if (typeof value !== 'object' || value === null) return undefined;
  const object = value as Readonly<Record<string, unknown>>;
  return (
    keyDifferingInCase(object, new Set(Object.keys(members))) ??
    firstOf(Object.entries(members), ([name, inner]) =>
      inner === true ? undefined : misspelledMember(object[name], inner),
    )
  );
}

function firstOf<T>(list: readonly T[], look: (one: T) => string | undefined): string | undefined {
  for (const one of list) {
    const found = look(one);
    if (found !== undefined) return found;
  }
  return undefined;
}
