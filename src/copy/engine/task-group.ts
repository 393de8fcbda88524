import { setMaxListeners } from 'node:events';

/** Runs tasks whose every one is awaited, whatever happens. */
export interface TaskGroup {
  readonly signal: AbortSignal;
  /** Resolves when all have; rejects with the first error once every task has settled. */
  all<T>(tasks: readonly Promise<T>[]): Promise<T[]>;
  /** The same for items of which there may be many thousands: so many are begun at a time as keep all busy. */
  each<I, T>(items: readonly I[], task: (item: I) => Promise<T>): Promise<T[]>;
}

/** More than there are slots for on any level, and less than an index of 4 MiB can name. */
const BEGUN_AT_A_TIME = 256;

export interface TaskGroupOptions {
  /** False: an error leaves the other tasks running, for other images wait for them. Default true. */
  readonly abortOnError?: boolean;
}

/**
 * `body` sees a signal that also follows `outer`; an abort from outside wins over what it caused.
 * The first error aborts the other tasks, unless the options say otherwise.
 */
export async function withTaskGroup<T>(
  outer: AbortSignal | undefined,
  body: (tasks: TaskGroup) => Promise<T>,
  { abortOnError = true }: TaskGroupOptions = {},
): Promise<T> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  const signal =
    outer === undefined ? controller.signal : AbortSignal.any([outer, controller.signal]);
  // Our own: more who wait than Node's warning threshold are no leak here.
  setMaxListeners(0, signal);
  let first: { readonly error: unknown } | undefined;
  const failed = (error: unknown): void => {
    if (!abortOnError) return;
    first ??= { error };
    controller.abort(error);
  };
  const all = async <U>(tasks: readonly Promise<U>[]): Promise<U[]> => {
    for (const task of tasks) task.catch(failed);
    await Promise.allSettled(tasks);
    return Promise.all(tasks);
  };
  const each = async <I, U>(items: readonly I[], task: (item: I) => Promise<U>): Promise<U[]> => {
    const results: U[] = [];
    const entries = items.entries();
    const work = async (): Promise<void> => {
      for (const [i, item] of entries) {
        signal.throwIfAborted();
        results[i] = await task(item);
      }
    };
    const workers = Math.min(BEGUN_AT_A_TIME, items.length);
    await all(Array.from({ length: workers }, work));
    return results;
  };
  try {
    return await body({ signal, all, each });
  } catch (error) {
    outer?.throwIfAborted();
    throw first === undefined ? error : first.error;
  }
}
