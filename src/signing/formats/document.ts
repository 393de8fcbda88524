import { AppError } from '../../errors/app-error.ts';
import { parseJsonStrict, type Members } from '../../oci/strict-json.ts';
import { isRecord } from '../../util/json.ts';
import { NotEvidence } from '../types.ts';

/**
 * Parses a signed document: one JSON object, without a byte-order mark, duplicate keys or bytes
 * after it. JSON.parse takes the last of two keys and other readers the first.
 * @throws NotEvidence
 */
export function parseDocument(
  bytes: Uint8Array,
  what: string,
  members: Members,
): Readonly<Record<string, unknown>> {
  if (bytes[0] === 0xef && bytes[1] === 0xbb) {
    throw new NotEvidence(`its ${what} begins with a byte-order mark`);
  }
  let value: unknown;
  try {
    value = parseJsonStrict(bytes, 'INVALID_MANIFEST', what, members);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const [, rule = ''] = /^[^:]*: (?:it )?(.*)$/su.exec(error.message) ?? [];
    const isAboutAll = error.message.includes(': it ');
    throw new NotEvidence(isAboutAll ? `its ${what} ${rule}` : `in its ${what}, ${rule}`);
  }
  if (!isRecord(value)) throw new NotEvidence(`its ${what} is not an object`);
  return value;
}

/** @throws NotEvidence for a member that the format does not have */
export function requireKnown(value: object, members: Members, what: string): void {
  const other = Object.keys(value).find((key) => !Object.hasOwn(members, key));
  if (other === undefined) return;
  throw new NotEvidence(`its ${what} has the unknown member ${JSON.stringify(other.slice(0, 80))}`);
}

/** An object of string values; nothing at all counts as none. @throws NotEvidence */
export function textsOf(value: unknown, what: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) throw new NotEvidence(`its ${what} are not an object`);
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
