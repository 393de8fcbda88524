import { isRecord } from '../../util/json.ts';
import { AppError } from '../../errors/app-error.ts';
import { locateJsonError } from './json-position.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** Has no prototype, so a key such as "__proto__" is data like any other. */
export interface JsonObject {
  [key: string]: JsonValue;
}

const MAX_DEPTH = 64;

/**
 * Parses a configuration file that must hold one JSON object; empty text is an empty object.
 * `name` is the path (or variable) for messages, which never quote the text, because it may hold
 * secrets.
 * @throws AppError CONFIG_INVALID, with line and column of the error
 */
export function parseJsonFile(text: string, name: string): JsonObject {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (source.trim() === '') return emptyObject();
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    const { line, column, rule } = locateJsonError(source);
    throw new AppError('CONFIG_INVALID', `${name}:${line}:${column}: invalid JSON: ${rule}`, {
      hint: `Correct line ${line}, column ${column} of ${name}.`,
    });
  }
  if (!isRecord(value)) {
    throw configInvalid(name, 'it must hold a JSON object, as in {"auths": {}}');
  }
  return withoutPrototype(value, 0, name) as JsonObject;
}

export function emptyObject(): JsonObject {
  return Object.create(null) as JsonObject;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return isRecord(value);
}

/** `name` is the file, `rule` says what is wrong inside it. */
export function configInvalid(name: string, rule: string, cause?: unknown): AppError {
  return new AppError('CONFIG_INVALID', `${name}: ${rule}`, { hint: `Correct ${name}.`, cause });
}

function withoutPrototype(value: unknown, depth: number, name: string): JsonValue {
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  if (depth >= MAX_DEPTH) {
    throw configInvalid(name, `the JSON is nested deeper than ${MAX_DEPTH} levels`);
  }
  if (Array.isArray(value)) return value.map((item) => withoutPrototype(item, depth + 1, name));
  const copy = emptyObject();
  for (const [key, item] of Object.entries(value)) {
    copy[key] = withoutPrototype(item, depth + 1, name);
  }
  return copy;
}
