import { exitOf, totalsOf, type ImageResult } from '../../sync/results.ts';
import type { SyncMode } from '../../sync/transfer/types.ts';
import type { Context } from '../context.ts';
import type { Result, Style } from '../result.ts';
import type { SyncDone } from './execute.ts';
import { costLine, imageJson, imageLine, syncJson, totalsLine } from './page.ts';
import { createStream } from './stream.ts';

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
  const all = async (onImage: (image: ImageResult) => void): Promise<SyncDone> => {
    const done = await run(onImage);
    ({ images } = done);
    const cost = mode === 'dry-run' ? `; ${costLine(done.cost)}` : '';
    note(`${PREFIX[mode]}${totalsLine(totalsOf(images))}${cost}`);
    return done;
  };
  return {
    kind: 'live',
    json: async () => {
      const done = await all(() => undefined);
      return syncJson(done.images, done.cost);
    },
    pieces: (style: Style) => createStream(all, (image) => imageLine(image, style)),
    values: () => createStream(all, imageJson),
    exit: () => {
      const exit = exitOf(images);
      const stale = mode === 'check' && images.some(({ outcome }) => outcome === 'copied');
      return exit === 0 && stale ? 3 : exit;
    },
  };
}
