import { setMaxListeners } from 'node:events';

/** Runs tasks and always awaits every one of them. */
export interface TaskGroup {
  readonly signal: AbortSignal;
  /** Resolves when all tasks have; rejects with the first error once every task has settled. */
  all<T>(tasks: readonly Promise<T>[]): Promise<T[]>;
  /**
   * Like `all`, for many thousands of items: only enough tasks to keep all slots busy are started
   * at a time.
   */
  each<I, T>(items: readonly I[], task: (item: I) => Promise<T>): Promise<T[]>;
}

/** More than the slots on any level, and less than an index of 4 MiB can list. */
const BEGUN_AT_A_TIME = 256;

export interface TaskGroupOptions {
  /**
   * False: other tasks continue after an error, because other images wait for them. Default true.
   */
  readonly abortOnError?: boolean;
}

/**
 * Runs `body` with a signal that also follows `outer`; an abort from outside takes precedence over
 * the errors that it causes. The first error aborts the other tasks, unless the options say
 * otherwise.
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
  // This signal is private: many listeners are expected and not a leak.
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
