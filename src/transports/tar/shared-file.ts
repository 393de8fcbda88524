import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CallOptions } from '../../util/abort.ts';
import { errnoOf } from '../../util/errno.ts';
import { makeFolder } from '../../util/make-folder.ts';
import { withDiskErrors } from '../files/disk.ts';
import { withLockBeside } from '../files/folder-lock.ts';
import type { OpenContext } from '../types.ts';
import { STDIO } from './open.ts';

/** A lock holder that is not visible from here may be rewriting a large archive. */
const STALE_MS = 5 * 60_000;

/** Different for every version of a file; undefined if there is no regular file. */
export async function versionOfFile(path: string): Promise<string | undefined> {
  if (path === STDIO) return undefined;
  return withDiskErrors(path, async () => {
    try {
      const found = await stat(path, { bigint: true });
      const { ino, size, mtimeNs, ctimeNs } = found;
      return found.isFile() ? [ino, size, mtimeNs, ctimeNs].join(' ') : undefined;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/**
 * Runs `task` while no other run reads, changes and replaces this archive; a pipe needs no lock.
 * @throws AppError IO, and as `task`
 */
export async function withArchiveLock<T>(
  path: string,
  { temporaries }: Pick<OpenContext, 'temporaries'>,
  task: () => Promise<T>,
  options?: CallOptions,
): Promise<T> {
  const target = await regularTarget(path);
  if (target === undefined) return task();
  const folder = dirname(target);
  await withDiskErrors(folder, () => makeFolder(folder));
  const lock = { temporaries, staleMs: STALE_MS, signal: options?.signal };
  return withLockBeside(target, lock, task);
}

/** Resolves links, because another run may use another name; undefined for a pipe or device. */
async function regularTarget(path: string): Promise<string | undefined> {
  if (path === STDIO) return undefined;
  return withDiskErrors(path, async () => {
    try {
      return (await stat(path)).isFile() ? await realpath(path) : undefined;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return path;
      throw error;
    }
  });
}
