import { setMaxListeners } from 'node:events';

/** Runs tasks whose every one is awaited, whatever happens. */
export interface TaskGroup {
  readonly signal: AbortSignal;
  /** Resolves when all have; rejects with the first error once every task has settled. */
  all<T>(tasks: readonly Promise<T>[]): Promise<T[]>;
}

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
  // Every queued transfer listens: more than Node's warning threshold is no leak here.
  setMaxListeners(0, controller.signal);
  const follow = (): void => controller.abort(outer?.reason);
  outer?.addEventListener('abort', follow, { once: true });
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
  try {
    return await body({ signal: controller.signal, all });
  } catch (error) {
    outer?.throwIfAborted();
    throw first === undefined ? error : first.error;
  } finally {
    outer?.removeEventListener('abort', follow);
  }
}
