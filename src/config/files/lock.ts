import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { sleep } from '../../util/abort.ts';
import { errnoOf } from '../../util/errno.ts';
import type { Temporaries } from '../../util/temporaries.ts';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for which one holder may be seen before it is taken for dead. Default 10 000. */
  readonly staleAfterMs?: number | undefined;
  /** Names the holder, so that one that was killed need not be waited for. */
  readonly owner?: Pick<Temporaries, 'holder' | 'isGone'> | undefined;
}

const POLL_MS = 20;
const STALE_AFTER_MS = 10_000;

/**
 * Runs `task` while this process alone holds the lock file. A lock that keeps the same holder for
 * `staleAfterMs` belongs to a process that died; it is taken over. No clock is compared, so skew
 * between machines on a shared home does not matter.
 * @throws what creating the lock file throws (EACCES, EROFS, …), and the signal's reason
 */
export async function withFileLock<T>(
  lockPath: string,
  task: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const token = options.owner?.holder() ?? randomUUID();
  await acquire(lockPath, token, options);
  try {
    return await task();
  } finally {
    if ((await holderOf(lockPath)) === token) await rm(lockPath, { force: true });
  }
}

async function acquire(lockPath: string, token: string, options: LockOptions): Promise<void> {
  const patience = Math.ceil((options.staleAfterMs ?? STALE_AFTER_MS) / POLL_MS);
  let holder: string | undefined;
  let seen = 0;
  while (!(await tryCreate(lockPath, token))) {
    const current = await holderOf(lockPath);
    seen = current === holder ? seen + 1 : 0;
    holder = current;
    const isGone = current !== undefined && (await options.owner?.isGone(current)) === true;
    if (current !== undefined && (isGone || seen >= patience)) {
      await breakLock(lockPath, current);
      seen = 0;
    }
    await sleep(POLL_MS, options.signal);
  }
}

async function tryCreate(lockPath: string, token: string): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(lockPath, 'wx', 0o600);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await file.writeFile(token);
    return true;
  } catch (error) {
    await rm(lockPath, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function holderOf(lockPath: string): Promise<string | undefined> {
  try {
    return await readFile(lockPath, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Moves the lock aside first, so that a lock renewed in the meantime is seen and put back. */
async function breakLock(lockPath: string, deadHolder: string): Promise<void> {
  const aside = `${lockPath}.${randomUUID()}`;
  try {
    await rename(lockPath, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    const taken = await holderOf(aside);
    if (taken !== undefined && taken !== deadHolder) await tryCreate(lockPath, taken);
  } finally {
    await rm(aside, { force: true });
  }
}
