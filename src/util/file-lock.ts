import { patiently, renamePatiently } from './atomic-file.ts';
import { constants } from 'node:fs';
import { copyFile, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sleep } from './abort.ts';
import { errnoOf } from './errno.ts';
import { readRegularFileSync } from './regular-file.ts';
import { plainTemporaries, type Temporaries } from './temporaries.ts';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds until a holder counts as dead if this machine cannot see whether it runs; a holder
   * known to run is waited for. Default 10 000: most tasks take milliseconds.
   */
  readonly staleMs?: number | undefined;
  /** Names the holder, so that nobody waits for one that was killed. Default: nameless. */
  readonly temporaries?: Temporaries | undefined;
  /** Permission bits of the lock file. Default 0o644. */
  readonly mode?: number | undefined;
}

const POLL_MS = 25;
const STALE_MS = 10_000;
/** A holder's name is one line; anything longer was not written by us. */
const MAX_HOLDER_BYTES = 512;

/**
 * Runs `task` while only this run holds the lock file: for everything that is read, changed and replaced.
 * Compares no clocks, because machines that share a directory may disagree.
 * @throws system errors of the lock file, NotRegularError, the signal's reason
 */
export async function withFileLock<T>(
  path: string,
  task: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const temporaries = options.temporaries ?? plainTemporaries();
  const token = temporaries.holder();
  await acquireFileLock(path, token, { ...options, temporaries });
  try {
    return await task();
  } finally {
    // A holder mistaken for dead must not remove its successor's lock.
    if (holderOf(path) === token) await rm(path, { force: true });
  }
}

export interface AcquireOptions extends LockOptions {
  readonly temporaries: Temporaries;
  /** What to do while a running process holds it. Default: wait for it. */
  readonly whenHeld?: 'wait' | 'leave' | undefined;
}

/** Writes `token` into the lock file; false if a running process holds it and must not be waited for. */
export async function acquireFileLock(
  path: string,
  token: string,
  { temporaries, signal, staleMs = STALE_MS, mode = 0o644, whenHeld = 'wait' }: AcquireOptions,
): Promise<boolean> {
  const patience = Math.max(1, Math.ceil(staleMs / POLL_MS));
  let seen: string | undefined;
  let polls = 0;
  let endWait: (() => void) | undefined;
  try {
    while (!(await create(path, token, mode))) {
      endWait ??= temporaries.beginWait(`another run that holds the lock ${path}`);
      const holder = holderOf(path);
      if (holder === undefined) continue;
      const hasChanged = seen !== undefined && holder !== seen;
      polls = holder === seen ? polls + 1 : 0;
      seen = holder;
      const running = await temporaries.isRunning(holder);
      if (whenHeld === 'leave' && (running === true || hasChanged)) return false;
      if (running === false || (running === undefined && polls >= patience))
        await putAside(path, holder, temporaries);
      else await sleep(POLL_MS, signal);
    }
  } finally {
    endWait?.();
  }
  return true;
}

/** False if another holder has it. */
async function create(path: string, token: string, mode: number): Promise<boolean> {
  let file: FileHandle;
  try {
    // Windows denies access to a name while its file is being removed.
    file = await patiently(() => open(path, 'wx', mode));
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
}

/** What a lock file says about its holder. */
export function holderOf(path: string): string | undefined {
  try {
    return readRegularFileSync(path, MAX_HOLDER_BYTES).bytes.toString('utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Moves a dead holder's lock away; a live lock taken by accident is put back. */
async function putAside(path: string, dead: string, temporaries: Temporaries): Promise<void> {
  const aside = join(dirname(path), temporaries.name());
  try {
    await renamePatiently(path, aside);
    if (holderOf(aside) !== dead) await copyFile(aside, path, constants.COPYFILE_EXCL);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOENT' && errno !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}
