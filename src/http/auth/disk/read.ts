import { join } from 'node:path';
import { readPrivateFile } from '../../../config/files/ownership.ts';
import { EMPTY_CACHE, parseDocument, type TokenDocument } from './format.ts';

export interface CacheLocation {
  /** Folder of the cache; made when there is something to keep. */
  readonly folder: string;
  /** User id of this process; undefined where the system has none. */
  readonly uid: number | undefined;
}

export const TOKENS_FILE = 'tokens.json';
export const KEY_FILE = 'tokens.key';
export const KEY_BYTES = 32;
const MAX_FILE = 1024 * 1024;

/** Without a whole key, nothing in the file can be matched to a credential. */
export function readCache({
  folder,
  uid,
}: CacheLocation): readonly [TokenDocument, Buffer | undefined] {
  const text = readPrivateFile(join(folder, TOKENS_FILE), { uid, maxBytes: MAX_FILE });
  const key = readPrivateFile(join(folder, KEY_FILE), { uid, maxBytes: KEY_BYTES });
  if (key?.byteLength !== KEY_BYTES) return [EMPTY_CACHE, undefined];
  return [text === undefined ? EMPTY_CACHE : parseDocument(text.toString('utf8')), key];
}
