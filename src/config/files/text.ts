import { errnoOf, systemError } from '../../util/errno.ts';
import { sep } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { NotRegularError, readNamedFile, TooLargeError } from '../../util/regular-file.ts';
import { configInvalid } from './json.ts';

export interface TextFile {
  readonly text: string;
  /** Permission bits of a regular file; undefined for pipes and where the system has none. */
  readonly mode: number | undefined;
}

/** More than any configuration file or certificate bundle needs. */
const MAX_BYTES = 16 * 1024 * 1024;

function notRegular({ message, what }: NotRegularError, path: string): AppError {
  return new AppError('IO', `cannot read ${path}: it is ${what}`, {
    hint: `Name a regular file, or pass the content as <(cat ${path}) in a shell.`,
    cause: message,
  });
}

function tooLarge(path: string): AppError {
  return configInvalid(path, `it is larger than ${MAX_BYTES} bytes`);
}

/**
 * Reads a whole UTF-8 file; undefined if it does not exist or, with `deniedIsMissing`, this user
 * cannot read it.
 * @throws AppError IO (unreadable), CONFIG_INVALID (not UTF-8, larger than 16 MiB)
 */
export async function readTextFile(
  path: string,
  { deniedIsMissing = false }: { readonly deniedIsMissing?: boolean | undefined } = {},
): Promise<TextFile | undefined> {
  try {
    const { bytes, stat } = await readNamedFile(path, MAX_BYTES);
    const text = decode(bytes, path);
    return { text, mode: stat !== undefined && sep === '/' ? stat.mode & 0o7777 : undefined };
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (error instanceof TooLargeError) throw tooLarge(path);
    if (error instanceof NotRegularError) throw notRegular(error, path);
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || (deniedIsMissing && errno === 'EACCES')) return undefined;
    throw fileError('read', path, error);
  }
}

/** Warns that other users can read a file with secrets. */
export function warnIfReadableByOthers(
  path: string,
  mode: number | undefined,
  warn: (text: string) => void,
): void {
  if (mode === undefined || (mode & 0o044) === 0) return;
  warn(`${path} holds credentials and can be read by other users; run: chmod 600 ${path}`);
}

/** Turns a system error into one that a user can act on. @returns AppError IO or NO_SPACE */
export function fileError(verb: 'read' | 'write', path: string, cause: unknown): AppError {
  const full = errnoOf(cause) === 'ENOSPC' || errnoOf(cause) === 'EDQUOT';
  const also = full
    ? 'The old file is untouched.'
    : 'Or name another file with --config DIR or --authfile FILE.';
  return systemError(cause, { verb, path, hint: { also } });
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw configInvalid(path, 'it is not UTF-8 text', error);
  }
}
