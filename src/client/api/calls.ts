import { setMaxListeners } from 'node:events';
import type { CallOptions } from '../../util/abort.ts';

/**
 * Runs a call with a signal of its own: any number of calls may share the caller's. After an abort,
 * its reason is what the call rejects with, whatever failed because of it.
 */
export async function withOwnSignal<T>(
  { signal }: CallOptions,
  run: (call: CallOptions) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return run({});
  signal.throwIfAborted();
  try {
    return await run({ signal: ownSignal(signal) });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** The same for a call that yields items as they arrive. */
export async function* withOwnSignalEach<T>(
  { signal }: CallOptions,
  run: (call: CallOptions) => AsyncIterable<T>,
): AsyncGenerator<T> {
  if (signal === undefined) return yield* run({});
  signal.throwIfAborted();
  try {
    yield* run({ signal: ownSignal(signal) });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function ownSignal(signal: AbortSignal): AbortSignal {
  const own = AbortSignal.any([signal]);
  setMaxListeners(0, own);
  return own;
}
