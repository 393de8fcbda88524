interface Watched {
  readonly waiting: Set<() => void>;
  readonly stop: () => void;
}

/**
 * Shares one listener among many waiters on a signal: adding a listener takes time linear in those
 * that are there, and Node warns from the eleventh on.
 */
export class AbortWatch {
  readonly #watched = new Map<AbortSignal, Watched>();

  /** Calls `onAbort` once when the signal aborts. @returns a function that ends the wait */
  add(signal: AbortSignal, onAbort: () => void): () => void {
    const { waiting, stop } = this.#watched.get(signal) ?? this.#listen(signal);
    const one = (): void => onAbort();
    waiting.add(one);
    return () => {
      if (waiting.delete(one) && waiting.size === 0) stop();
    };
  }

  #listen(signal: AbortSignal): Watched {
    const waiting = new Set<() => void>();
    const listener = (): void => {
      this.#watched.delete(signal);
      for (const one of waiting) one();
    };
    const stop = (): void => {
      this.#watched.delete(signal);
      signal.removeEventListener('abort', listener);
    };
    signal.addEventListener('abort', listener, { once: true });
    const watched = { waiting, stop };
    this.#watched.set(signal, watched);
    return watched;
  }
}
