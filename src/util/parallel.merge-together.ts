/**
 * Runs `task` for every item at once; the first error aborts the others, and all are awaited before
 * it is thrown. Results stand in the order of the items.
 */
export async function runAll<I, T>(
  items: readonly I[],
  outer: AbortSignal | undefined,
  task: (item: I, signal: AbortSignal) => Promise<T>,
): Promise<T[]> {
  const controller = new AbortController();
  const signal =
    outer === undefined ? controller.signal : AbortSignal.any([outer, controller.signal]);
  let first: { readonly error: unknown } | undefined;
  const tasks = items.map(async (item) => {
    try {
      return await task(item, signal);
    } catch (error) {
      first ??= { error };
      controller.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(tasks);
  if (first !== undefined) throw first.error;
  return Promise.all(tasks);
}
