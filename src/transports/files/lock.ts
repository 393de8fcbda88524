import { constants } from 'node:fs';
import { copyFile, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sleep } from '../../util/abort.ts';
import type { Temporaries } from '../../util/temporaries.ts';
import { withDiskErrors } from './disk.ts';
import { errnoOf } from '../../util/errno.ts';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long one holder may stay before it counts as dead. Default 10 s: a turn takes milliseconds. */
  readonly staleMs?: number | undefined;
  /** Names the holder, so that one that was killed need not be waited for. */
  readonly temporaries: Temporaries;
}

const POLL_MS = 25;

/** Runs `task` alone among all writers of this folder, of this process and of others. */
export async function withLock<T>(
  folder: string,
  options: LockOptions,
  task: () => Promise<T>,
): Promise<T> {
  const path = join(folder, '.regctl.lock');
  const token = options.temporaries.holder();
  await acquire(path, token, options);
  try {
    return await task();
  } finally {
    // A holder that was taken for dead must not remove its successor's lock.
    if ((await holderOf(path)) === token) await rm(path, { force: true });
  }
}

/** Waits as long as the holders change; one that stays too long is put aside. */
async function acquire(path: string, token: string, options: LockOptions): Promise<void> {
  const patience = Math.max(1, Math.ceil((options.staleMs ?? 10_000) / POLL_MS));
  let seen: string | undefined;
  let polls = 0;
  while (!(await create(path, token))) {
    const holder = await holderOf(path);
    polls = holder === seen ? polls + 1 : 0;
    seen = holder;
    const gone = holder !== undefined && (await options.temporaries.isGone(holder));
    if (holder !== undefined && (gone || polls >= patience)) {
      await putAside(path, holder, options.temporaries);
    } else await sleep(POLL_MS, options.signal);
  }
}

/** False when somebody holds it. */
async function create(path: string, token: string): Promise<boolean> {
  return withDiskErrors(path, async () => {
    let file: FileHandle;
    try {
      file = await open(path, 'wx', 0o644);
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      throw error;
    }
    try {
      await file.writeFile(token);
      return true;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  });
}

async function holderOf(path: string): Promise<string | undefined> {
  return withDiskErrors(path, async () => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** Moves a dead holder's lock away; a live one caught by chance goes back. */
async function putAside(path: string, dead: string, temporaries: Temporaries): Promise<void> {
  const aside = join(dirname(path), temporaries.name());
  await withDiskErrors(path, async () => {
    try {
      await rename(path, aside);
      if ((await readFile(aside, 'utf8')) !== dead)
        await copyFile(aside, path, constants.COPYFILE_EXCL);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== 'ENOENT' && errno !== 'EEXIST') throw error;
    } finally {
      await rm(aside, { force: true });
    }
  });
}
