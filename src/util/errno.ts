import { AppError } from '../errors/app-error.ts';
import { NotRegularError, TooLargeError } from './regular-file.ts';

/** The code of a system error: 'ENOENT'. `undefined` for anything else. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** What went wrong with a path, and how to fix it. */
interface Cause {
  readonly words: string;
  readonly fix: string;
}

const FULL: Cause = {
  words: 'no space is left',
  fix: 'Free some space, or choose a directory on another disk.',
};
const DENIED: Cause = {
  words: 'permission denied',
  fix: 'Give this user access to it, or choose another directory.',
};
const MANY_FILES: Cause = {
  words: 'too many files are open',
  fix: 'Raise the limit: ulimit -n 4096',
};

/** The same names on Linux and macOS; Node maps Windows' codes to them. */
const CAUSES: Readonly<Record<string, Cause>> = {
  ENOSPC: FULL,
  EDQUOT: { ...FULL, words: 'the disk quota is used up' },
  EFBIG: { ...FULL, words: 'the file is larger than the file system or a limit allows' },
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: {
    words: 'the file system is read-only',
    fix: 'Choose a directory on another file system.',
  },
  ENOENT: { words: 'no such file or directory', fix: 'Check the path, or create its directory.' },
  ENOTDIR: { words: 'a part of the path is not a directory', fix: 'Check the path.' },
  EISDIR: { words: 'it is a directory', fix: 'Name a file.' },
  EEXIST: { words: 'it exists already', fix: 'Choose another name.' },
  ELOOP: { words: 'it has too many symbolic links', fix: 'Name the file that the links lead to.' },
  ENAMETOOLONG: { words: 'the name is too long', fix: 'Choose a shorter path.' },
  EMFILE: MANY_FILES,
  ENFILE: { ...MANY_FILES, words: 'too many files are open on this machine' },
  EBUSY: { words: 'another program uses it', fix: 'Close that program, and run it again.' },
  ETXTBSY: { words: 'another program uses it', fix: 'Close that program, and run it again.' },
  EIO: { words: 'the disk reported an error', fix: 'Check the disk: dmesg' },
  ESTALE: { words: 'the network file system lost it', fix: 'Mount it again.' },
};

const NO_SPACE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Whether a disk, a quota or a limit on open files is exhausted. */
export function isNoSpace(error: unknown): boolean {
  return NO_SPACE.has(errnoOf(error) ?? '');
}

/** The cause of a system error, or of a path that is no regular file, in words: "permission denied". */
export function causeOf(error: unknown): string {
  if (error instanceof NotRegularError) return `it is ${error.what}`;
  if (error instanceof TooLargeError) return 'it is too large';
  const errno = errnoOf(error);
  return CAUSES[errno ?? '']?.words ?? errno ?? (error instanceof Error ? error.name : 'unknown');
}

export interface FailedAccess {
  readonly verb: 'read' | 'write' | 'access';
  readonly path: string;
  /** What the path is, if the user did not name it: "the temporary directory". */
  readonly place?: string | undefined;
  /** Replaces the usual hint, or follows it. */
  readonly hint?: { readonly instead?: string; readonly also?: string } | undefined;
}

/** Turns a path's system error into one that a user can act on. @returns AppError NO_SPACE or IO */
export function systemError(error: unknown, { verb, path, place, hint }: FailedAccess): AppError {
  const errno = errnoOf(error) ?? 'unknown';
  const subject = place === undefined ? path : `${place} ${path}`;
  const usual = hint?.instead ?? CAUSES[errno]?.fix;
  const advice = [usual, hint?.also].filter((one) => one !== undefined).join(' ');
  return new AppError(
    NO_SPACE.has(errno) ? 'NO_SPACE' : 'IO',
    `cannot ${verb} ${subject}: ${causeOf(error)}`,
    {
      ...(advice === '' ? {} : { hint: advice }),
      details: { path, errno, ...(place === undefined ? {} : { place }) },
      cause: error,
    },
  );
}

/**
 * Runs a step in the temporary directory, where layers wait that are compressed or read from a stream.
 * @throws AppError NO_SPACE, IO, naming that directory
 */
export async function withTemporaryErrors<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof AppError) throw error;
    const instead = 'Set TMPDIR to a directory that this user can write and that has room.';
    const place = 'the temporary directory';
    throw systemError(error, { verb: 'write', path, place, hint: { instead } });
  }
}

/** Whether an error comes from this machine and not from the image. */
export function isOfTemporaryDirectory(error: AppError): boolean {
  return error.details?.['place'] === 'the temporary directory';
}
