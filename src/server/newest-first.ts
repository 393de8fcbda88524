import { ProtocolError } from './protocol-error.ts';

export interface NewestFirstOptions {
  /** Maximum number of tasks that run at a time. */
  readonly running: number;
  /** Maximum number of tasks that wait; one more rejects the oldest. */
  readonly waiting: number;
}

/** Queues and runs a task. @throws ProtocolError TOOMANYREQUESTS, the signal's reason */
export type NewestFirst = <T>(task: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

interface Waiter {
  readonly start: () => void;
  readonly refuse: (reason: Error) => void;
}

/**
 * Bounds concurrent tasks and runs the newest first: under overload, new requests are answered soon
 * and the oldest are told to retry, so that not every request is late.
 */
export function createNewestFirst({ running, waiting }: NewestFirstOptions): NewestFirst {
  let active = 0;
  const waiters: Waiter[] = [];

  const turn = async (signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted();
    if (active < running) {
      active += 1;
      return;
    }
    const { promise, resolve: start, reject: refuse } = Promise.withResolvers<void>();
    const waiter: Waiter = { start, refuse };
    const leave = (): void => {
      const at = waiters.indexOf(waiter);
      if (at >= 0) waiters.splice(at, 1);
      refuse(signal?.reason as Error);
    };
    signal?.addEventListener('abort', leave, { once: true });
    waiters.push(waiter);
    if (waiters.length > waiting) waiters.shift()?.refuse(tooMany());
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  };

  return async (task, signal) => {
    await turn(signal);
    try {
      return await task();
    } finally {
      const next = waiters.pop();
      if (next === undefined) active -= 1;
      else next.start();
    }
  };
}

function tooMany(): ProtocolError {
  return new ProtocolError('TOOMANYREQUESTS', 'too many passwords are being checked', {
    headers: { 'Retry-After': '1' },
  });
}
