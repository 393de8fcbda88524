/** Shares one running promise per key and forgets it once it settles. */
export function createSingleFlight<T>(): (key: string, start: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<T>>();
  return (key, start) => {
    const existing = running.get(key);
    if (existing !== undefined) return existing;
    const promise = start().finally(() => running.delete(key));
    running.set(key, promise);
    return promise;
  };
}
