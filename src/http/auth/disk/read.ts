import { join } from 'node:path';
import { readPrivateFile } from '../../../config/files/ownership.ts';
import { EMPTY_CACHE, parseDocument, type TokenDocument } from './format.ts';

export interface CacheLocation {
  /** Directory of the cache; created when there is something to store. */
  readonly folder: string;
  /** User ID of this process; undefined if the system has none. */
  readonly uid: number | undefined;
}

export const TOKENS_FILE = 'tokens.json';
export const KEY_FILE = 'tokens.key';
export const KEY_BYTES = 32;
const MAX_FILE = 1024 * 1024;

/** Reads the cache. Without a whole key, no record can be matched to a credential. */
export function readCache({
  folder,
  uid,
}: CacheLocation): readonly [TokenDocument, Buffer | undefined] {
  const text = readPrivateFile(join(folder, TOKENS_FILE), { uid, maxBytes: MAX_FILE });
  const key = readPrivateFile(join(folder, KEY_FILE), { uid, maxBytes: KEY_BYTES });
  if (key?.byteLength !== KEY_BYTES) return [EMPTY_CACHE, undefined];
  return [text === undefined ? EMPTY_CACHE : parseDocument(text.toString('utf8')), key];
}
