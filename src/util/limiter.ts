import { AbortWatch } from './abort-watch.ts';
import { Queue } from './queue.ts';

/** Slots for tasks that run at the same time. */
export interface Limiter {
  /** Waits for a slot; resolves to a function that gives it back. @throws the signal's reason */
  enter(signal?: AbortSignal): Promise<() => void>;
  /** Runs a task as soon as a slot is free. */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

interface Waiter {
  /** Aborted while it waited. */
  isGone: boolean;
  grant: () => void;
}

/**
 * Runs at most `limit` tasks at a time, first come first served.
 * @throws RangeError for a limit below 1, with which nothing would ever run
 */
export function createLimiter(limit: number): Limiter {
  if (!(limit >= 1)) throw new RangeError(`limit must be at least 1, not ${limit}`);
  let active = 0;
  const queue = new Queue<Waiter>();
  const aborts = new AbortWatch();

  const release = (): void => {
    let next = queue.shift();
    while (next?.isGone === true) next = queue.shift();
    if (next === undefined) active -= 1;
    else next.grant();
  };

  const acquire = async (signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    if (active < limit) {
      active += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { isGone: false, grant: resolve };
      queue.push(waiter);
      if (signal === undefined) return;
      const unwatch = aborts.add(signal, () => {
        waiter.isGone = true;
        reject(signal.reason as Error);
      });
      waiter.grant = () => {
        unwatch();
        resolve();
      };
    });
  };

  return {
    async enter(signal) {
      await acquire(signal);
      return release;
    },
    async run(task, signal) {
      await acquire(signal);
      try {
        return await task();
      } finally {
        release();
      }
    },
  };
}
