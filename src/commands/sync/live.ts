import { exitOf, totalsOf, type ImageResult } from '../../sync/results.ts';
import type { SyncMode } from '../../sync/transfer/types.ts';
import type { Context } from '../context.ts';
import type { Result, Style } from '../result.ts';
import type { SyncDone } from './execute.ts';
import { costLine, imageJson, imageLine, syncJson, totalsLine } from './page.ts';

const PREFIX: Readonly<Record<SyncMode, string>> = {
  run: '',
  'dry-run': 'nothing was written; it would be ',
  check: 'nothing was written; out of date: ',
};

/** Prints images as they end, and the totals when all have. */
export function liveResult(
  { note }: Pick<Context, 'note'>,
  mode: SyncMode,
  run: (onImage: (image: ImageResult) => void) => Promise<SyncDone>,
): Result {
  let images: readonly ImageResult[] = [];
  let summary: string | undefined;
  const all = async (onImage: (image: ImageResult) => void): Promise<SyncDone> => {
    const done = await run(onImage);
    ({ images } = done);
    const cost = mode === 'dry-run' ? `; ${costLine(done.cost)}` : '';
    summary = `${PREFIX[mode]}${totalsLine(totalsOf(images))}${cost}`;
    return done;
  };
  /** The totals follow the last line that was written. */
  async function* stream<T>(map: (image: ImageResult) => T): AsyncGenerator<T> {
    yield* createStream(all, map);
    if (summary !== undefined) note(summary);
  }
  return {
    kind: 'live',
    json: async () => {
      const done = await all(() => undefined);
      if (summary !== undefined) note(summary);
      return syncJson(done.images, done.cost);
    },
    pieces: (style: Style) => stream((image) => imageLine(image, style)),
    values: () => stream(imageJson),
    exit: () => {
      const exit = exitOf(images);
      const stale = mode === 'check' && images.some(({ outcome }) => outcome === 'copied');
      return exit === 0 && stale ? 3 : exit;
    },
  };
}

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
