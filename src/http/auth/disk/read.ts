import { join } from 'node:path';
import { readOwnFile } from '../../../config/files/user-folders.ts';
import { EMPTY, parseDocument, type TokenDocument } from './format.ts';

export interface CachePlace {
  /** Folder of the cache; made when there is something to keep. */
  readonly folder: string;
  /** User id of this process; undefined where the system has none. */
  readonly uid: number | undefined;
}

export const FILE = 'tokens.json';
export const KEY = 'tokens.key';
export const KEY_BYTES = 32;
const MAX_FILE = 1024 * 1024;

/** Without a whole key, nothing in the file can be matched to a credential. */
export function readAll({ folder, uid }: CachePlace): readonly [TokenDocument, Buffer | undefined] {
  const text = readOwnFile(join(folder, FILE), { uid, maxBytes: MAX_FILE });
  const key = readOwnFile(join(folder, KEY), { uid, maxBytes: KEY_BYTES });
  if (key?.byteLength !== KEY_BYTES) return [EMPTY, undefined];
  return [text === undefined ? EMPTY : parseDocument(text.toString('utf8')), key];
}
