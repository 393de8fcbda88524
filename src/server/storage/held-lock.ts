import { rm } from 'node:fs/promises';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { acquireFileLock, holderOf, type LockOptions } from '../../util/file-lock.ts';
import { plainTemporaries } from '../../util/temporaries.ts';

export interface HeldLockOptions extends Omit<LockOptions, 'mode'> {
  /** Milliseconds between two signs of life. Default 2000. */
  readonly beatMs?: number | undefined;
  /** Somebody took this holder for dead: what is held is no longer its own. */
  readonly onLost?: (() => void) | undefined;
}

export interface HeldLock extends AsyncDisposable {
  /** Gives it back, unless somebody else has it. */
  release(): Promise<void>;
}

const BEAT_MS = 2000;

/**
 * A lock that is held for as long as a server runs; `undefined` when another process holds it. Its
 * name in the file changes as a sign of life, for those who cannot see the process: on another
 * machine, or in another container.
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
    // A full disk does not end what is held; the next sign may come through.
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
