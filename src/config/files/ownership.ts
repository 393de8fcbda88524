import { errnoOf } from '../../util/errno.ts';
import {
  type Stats,
  lstatSync,
  constants,
  openSync,
  fstatSync,
  readFileSync,
  closeSync,
} from 'node:fs';

export type FolderSafety =
  | { readonly kind: 'usable' | 'missing' }
  /** `problem` completes "the folder …". */
  | { readonly kind: 'unsafe'; readonly problem: string };

const unsafe = (problem: string): FolderSafety => ({ kind: 'unsafe', problem });

/**
 * Whether a directory may hold secrets: only this user can access it, and it is not a link, which
 * another user could redirect.
 * @throws system errors other than ENOENT and ENOTDIR
 */
export function checkPrivateFolder(path: string, uid: number | undefined): FolderSafety {
  let folder: Stats;
  try {
    folder = lstatSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return { kind: 'missing' };
    throw error;
  }
  if (folder.isSymbolicLink()) return unsafe('is a symbolic link');
  if (!folder.isDirectory()) return unsafe('is not a directory');
  if (uid === undefined) return { kind: 'usable' };
  if (folder.uid !== uid) return unsafe('belongs to another user');
  if ((folder.mode & 0o077) !== 0) return unsafe('is open to other users (chmod 700 fixes it)');
  return { kind: 'usable' };
}

/**
 * Reads a file that only this user can read; undefined for other files, missing files and files
 * over `maxBytes`. `uid`: undefined if the system has none. Does not block on a pipe.
 * @throws system errors other than ENOENT and ELOOP
 */
export function readPrivateFile(
  path: string,
  options: { readonly uid: number | undefined; readonly maxBytes: number },
): Buffer | undefined {
  let file: number | undefined;
  try {
    // Windows has neither flag.
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
    file = openSync(path, (O_RDONLY ?? 0) | O_NOFOLLOW | O_NONBLOCK);
    const found = fstatSync(file);
    const mine =
      options.uid === undefined || (found.uid === options.uid && (found.mode & 0o077) === 0);
    return mine && found.isFile() && found.size <= options.maxBytes
      ? readFileSync(file)
      : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return undefined;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
