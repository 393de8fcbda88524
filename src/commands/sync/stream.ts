/** Turns the callbacks of `run` into an async iterable that ends or fails as `run` does. */
export async function* createStream<T, R>(
  run: (onItem: (item: T) => void) => Promise<unknown>,
  map: (item: T) => R,
): AsyncGenerator<R> {
  const queue: T[] = [];
  let wake: (() => void) | undefined;
  let ended = false;
  const running = run((item) => {
    queue.push(item);
    wake?.();
  }).finally(() => {
    ended = true;
    wake?.();
  });
  running.catch(() => undefined);
  for (;;) {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) yield map(item);
    if (ended) break;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  await running;
}
