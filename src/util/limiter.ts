export interface Limiter {
  /** Waits for a slot; resolves to what gives it back. @throws the signal's reason */
  enter(signal?: AbortSignal): Promise<() => void>;
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/**
 * Runs at most `limit` tasks at a time, first come first served.
 * @throws RangeError for a limit below 1, with which nothing would ever run
 */
export function createLimiter(limit: number): Limiter {
  if (!(limit >= 1)) throw new RangeError(`limit must be at least 1, not ${limit}`);
  let active = 0;
  const queue = new Set<() => void>();

  const release = (): void => {
    const [next] = queue;
    if (next === undefined) {
      active -= 1;
      return;
    }
    queue.delete(next);
    next();
  };

  const acquire = async (signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    if (active < limit) {
      active += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        queue.delete(grant);
        reject(signal?.reason as Error);
      };
      const grant = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.add(grant);
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
