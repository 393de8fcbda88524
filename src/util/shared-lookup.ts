import { abortable, type CallOptions } from './abort.ts';

/**
 * Remembers answers by key and asks once, however many callers wait; failures are not remembered. The
 * work is canceled only when all callers that wait for it have gone.
 */
export interface SharedLookup<T> {
  get(key: string, ask: (signal: AbortSignal) => Promise<T>, options?: CallOptions): Promise<T>;
  forget(isStale: (key: string) => boolean): void;
}

interface PendingAnswer<T> {
  readonly answer: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

export function createSharedLookup<T>(): SharedLookup<T> {
  const entries = new Map<string, PendingAnswer<T>>();

  const start = (key: string, ask: (signal: AbortSignal) => Promise<T>): PendingAnswer<T> => {
    const controller = new AbortController();
    const entry: PendingAnswer<T> = { answer: ask(controller.signal), controller, waiting: 0 };
    entries.set(key, entry);
    entry.answer.catch(() => {
      if (entries.get(key) === entry) entries.delete(key);
    });
    return entry;
  };

  return {
    async get(key, ask, { signal } = {}) {
      signal?.throwIfAborted();
      const entry = entries.get(key) ?? start(key, ask);
      entry.waiting += 1;
      try {
        return await abortable(entry.answer, signal);
      } finally {
        entry.waiting -= 1;
        if (entry.waiting === 0 && signal?.aborted === true) {
          if (entries.get(key) === entry) entries.delete(key);
          entry.controller.abort(signal.reason);
        }
      }
    },
    forget(isStale) {
      for (const key of entries.keys()) if (isStale(key)) entries.delete(key);
    },
  };
}
