/**
 * Resolves as `work` does. After `signal` aborts, waits at most `graceMs` milliseconds for `work`
 * to clean up, then rejects with the signal's reason.
 */
export async function withGrace<T>(
  work: Promise<T>,
  signal: AbortSignal,
  graceMs: number,
): Promise<T> {
  const grace = new AbortController();
  const givenUp = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => {
      const timer = setTimeout(() => reject(signal.reason as Error), graceMs);
      grace.signal.addEventListener('abort', () => clearTimeout(timer));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true, signal: grace.signal });
  });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    grace.abort();
  }
}
