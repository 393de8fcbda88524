import { setTimeout as delay } from 'node:timers/promises';

/** Last parameter of every asynchronous function. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reports that a wait for `what` begins, in words that follow "waiting for". A quiet wait is shown only
 * if the command is interrupted during it. @returns a function that reports its end
 */
export type BeginWait = (what: string, options?: { readonly quiet?: boolean }) => () => void;

/** For callers that show no waits. */
export const UNTOLD: BeginWait = () => () => undefined;

/** Longest delay a Node.js timer keeps; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Waits `ms` (at most 24 days); rejects with the signal's reason as soon as it aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  try {
    await delay(Math.min(ms, MAX_TIMER_MS), undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Settles with `promise`, or rejects with the signal's reason if that comes first. */
export async function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return promise;
  if (signal.aborted) promise.catch(() => undefined);
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
