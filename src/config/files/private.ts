import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { withFileLock, type LockOptions } from '../../util/file-lock.ts';
import { errnoOf } from '../../util/errno.ts';
import { fileError, readTextFile } from './text.ts';
import { makeFolder } from '../../util/make-folder.ts';

const MAX_LINKS = 40;

/**
 * Reads, changes and replaces a file that holds secrets or trust, under a lock.
 * New directories get mode 0700, a new file 0600; an existing file keeps its owner and mode. Links
 * are followed, including dangling ones. `change` gets the old text (undefined: no file) and
 * returns the new one (undefined: no change).
 * @throws AppError IO, NO_SPACE, and what `change` throws; the old file is then unchanged
 */
export async function updatePrivateFile(
  path: string,
  change: (text: string | undefined) => string | undefined,
  options: LockOptions = {},
): Promise<void> {
  try {
    await makeFolder(dirname(path), 0o700);
    const target = await followLinks(path);
    await makeFolder(dirname(target), 0o700);
    const lock = join(dirname(target), `.${basename(target)}.regctl-lock`);
    await options.temporaries?.sweep(dirname(target));
    await withFileLock(lock, () => replace(target, change, options), { ...options, mode: 0o600 });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof AppError || errnoOf(error) === undefined) throw error;
    throw fileError('write', path, error);
  }
}

async function replace(
  target: string,
  change: (text: string | undefined) => string | undefined,
  { temporaries }: LockOptions,
): Promise<void> {
  const old = await readTextFile(target);
  const text = change(old?.text);
  if (text === undefined) return;
  const temporary = temporaries?.name();
  if (old === undefined) return writeFileAtomic(target, text, { mode: 0o600, temporary });
  const { uid, gid } = await stat(target);
  await writeFileAtomic(target, text, {
    mode: old.mode ?? 0o600,
    owner: { uid, gid },
    temporary,
  });
}

/** Returns the path to write, so that a link stays a link. */
async function followLinks(path: string): Promise<string> {
  let current = path;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const folder = await realpathOr(dirname(current));
    current = join(folder, basename(current));
    if (!(await isLink(current))) return current;
    current = resolve(folder, await readlink(current));
  }
  throw Object.assign(new Error('too many symbolic links'), { code: 'ELOOP' });
}

async function realpathOr(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return folder;
    throw error;
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
