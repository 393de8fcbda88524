import { rm } from 'node:fs/promises';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { acquireFileLock, holderOf, type LockOptions } from '../../util/file-lock.ts';
import { plainTemporaries } from '../../util/temporaries.ts';

/** How a lock is held. */
export interface HeldLockOptions extends Omit<LockOptions, 'mode'> {
  /** Milliseconds between two heartbeats. Default: 2000. */
  readonly beatMs?: number | undefined;
  /** Called if another process took the lock because this one seemed dead. */
  readonly onLost?: (() => void) | undefined;
}

/** A lock that another process respects until it is released. */
export interface HeldLock extends AsyncDisposable {
  /** Releases the lock, unless another process has taken it. */
  release(): Promise<void>;
}

const BEAT_MS = 2000;

/**
 * Acquires a lock for as long as a server runs; `undefined` if another process holds it. Changes
 * the holder's name in the file as a heartbeat, for processes on other machines or in containers.
 * @throws system errors of the lock file, NotRegularError, the signal's reason
 */
export async function holdFileLock(
  path: string,
  options: HeldLockOptions = {},
): Promise<HeldLock | undefined> {
  const temporaries = options.temporaries ?? plainTemporaries();
  let token = temporaries.holder();
  if (!(await acquireFileLock(path, token, { ...options, temporaries, whenHeld: 'leave' }))) {
    return undefined;
  }
  let isLost = false;
  const beat = async (): Promise<void> => {
    if (isLost) return;
    if (holderOf(path) !== token) {
      isLost = true;
      clearInterval(timer);
      options.onLost?.();
      return;
    }
    const next = temporaries.holder();
    await writeFileAtomic(path, next, { durable: false, temporary: temporaries.name() });
    token = next;
  };
  let beating = Promise.resolve();
  const timer = setInterval(() => {
    // A failed heartbeat, for example on a full disk, keeps the lock: the next one may succeed.
    beating = beating.then(beat).catch(() => undefined);
  }, options.beatMs ?? BEAT_MS);
  timer.unref();
  const release = async (): Promise<void> => {
    clearInterval(timer);
    await beating;
    if (holderOf(path) === token) await rm(path, { force: true });
  };
  return { release, [Symbol.asyncDispose]: release };
}
