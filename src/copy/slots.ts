import { createLimiter } from '../util/limiter.ts';

/** Contents from this size on count as large. */
const LARGE_BYTES = 8 * 1024 * 1024;

export interface Slots {
  /** Runs a request, or the transfer of `size` bytes, when there is a slot for it. */
  run<T>(task: () => Promise<T>, signal: AbortSignal, size?: number): Promise<T>;
}

/**
 * `limit` slots. Large contents have two thirds of them: one fills its connection by itself, and
 * fewer buffers are under way.
 */
export function createSlots(limit: number): Slots {
  const every = createLimiter(Math.max(1, limit));
  const large = createLimiter(Math.max(1, Math.ceil((limit * 2) / 3)));
  return {
    run(task, signal, size = 0) {
      const turn = (): ReturnType<typeof task> =>
        every.run(async () => {
          signal.throwIfAborted();
          return task();
        }, signal);
      // Asked for first: a slot of all is never held while waiting.
      return size < LARGE_BYTES ? turn() : large.run(turn, signal);
    },
  };
}
