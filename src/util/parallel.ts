import type { CallOptions } from './abort.ts';

/**
 * Maps with at most `limit` tasks at a time; results keep the items' order. The first error stops the
 * rest and is thrown once all running tasks have ended.
 */
export async function mapParallel<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T, options: CallOptions) => Promise<R>,
  options: CallOptions = {},
): Promise<R[]> {
  options.signal?.throwIfAborted();
  const controller = new AbortController();
  const stop = (): void => controller.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', stop, { once: true });
  const results: R[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    while (next < items.length && !controller.signal.aborted) {
      const index = next;
      next += 1;
      try {
        results[index] = await map(items[index] as T, { signal: controller.signal });
      } catch (error) {
        failure ??= { error };
        controller.abort(error);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.max(1, Math.min(limit, items.length)) }, work));
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
  options.signal?.throwIfAborted();
  if (failure !== undefined) throw failure.error;
  return results;
}
