/** Work in the background of the server: one run at a time, at intervals and on request. */
export interface Repeated extends AsyncDisposable {
  /** Runs it once more, after the runs that were requested before. */
  run(): void;
}

/** `task` never rejects. `intervalMs` undefined: only on request. */
export function repeat(
  task: (signal: AbortSignal) => Promise<void>,
  intervalMs: number | undefined,
): Repeated {
  const ending = new AbortController();
  let last = Promise.resolve();
  const run = (): void => {
    last = last.then(() => (ending.signal.aborted ? undefined : task(ending.signal)));
  };
  // A timer holds 31 bits of milliseconds.
  const timer =
    intervalMs === undefined ? undefined : setInterval(run, Math.min(intervalMs, 2 ** 31 - 1));
  timer?.unref();
  return {
    run,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      ending.abort();
      await last;
    },
  };
}
