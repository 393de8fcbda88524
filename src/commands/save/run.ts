import { copyImage } from '../../copy/copy-image.ts';
import type { CopyCounts, CopySummary } from '../../copy/types.ts';
import type { WriteStore } from '../../store/types.ts';
import type { Location } from '../../transports/types.ts';
import { pinnedTo } from '../transfer/trusted.ts';
import type { CallOptions } from '../../util/abort.ts';
import { requestedPlatform } from '../input/platform.ts';
import { readArgument, readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { CopyContext } from '../transfer/flags.ts';
import { countsJson, nameWithDigest, startStats } from '../transfer/json.ts';
import { isPipe } from '../../client/copy-locations.ts';
import { sourceName } from '../../client/copy-names.ts';
import type { Input } from '../types.ts';

interface SavedImage {
  readonly from: Location;
  /** Name in the archive; `undefined` if it has none. */
  readonly name: string | undefined;
  readonly summary: CopySummary;
}

/**
 * Saves images to one new archive, which is created only after all are written.
 * @throws as copyImage does
 */
export async function run(
  context: CopyContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  readArgument(input, 0, 'IMAGE');
  const images = [...new Set(input.args)].map((image) => context.locate(image));
  const file = readText(input, 'output') ?? '-';
  const to = { scheme: 'docker-archive', name: file, text: `docker-archive:${file}` };
  const archive = { ...to, ref: undefined, tag: undefined };
  const cost = startStats(context);
  await using destination = await context.openWrite(archive, 'single', options);
  const saved: SavedImage[] = [];
  for (const from of images) saved.push(await save(context, from, destination, options));
  await destination.commit(options);
  return {
    kind: 'value',
    json: {
      File: file,
      Images: saved.map(({ from, name, summary: { descriptor } }) => ({
        Source: from.text,
        Name: name ?? null,
        Digest: descriptor.digest,
        MediaType: descriptor.mediaType,
      })),
      ...countsJson(sumOf(saved)),
      ...cost(),
    },
    text: () =>
      saved
        .map(({ from, name, summary }) => nameWithDigest(name ?? from.text, summary.descriptor))
        .join('\n'),
    ...(isPipe(archive) ? { stream: 'stderr' } : {}),
  };
}

async function save(
  context: CopyContext,
  named: Location,
  destination: WriteStore,
  options: CallOptions,
): Promise<SavedImage> {
  const platform = requestedPlatform(context) ?? context.hostPlatform;
  const trusted = await context.requireTrusted(named, { ...options, platforms: [platform] });
  const from = pinnedTo(named, trusted);
  await using source = await context.openRead(from, 'single', options);
  const name = await sourceName(from, source, options);
  if (name === undefined) context.note(`${from.text} has no name with a tag: it is saved without`);
  const wanted = requestedPlatform(context);
  const summary = await copyImage({
    source,
    destination,
    sourceRef: from.ref,
    destinationTag: name,
    platforms: wanted === undefined ? [] : [wanted],
    indexPlatform: context.hostPlatform,
    concurrency: context.flags.concurrency,
    commit: false,
    emit: (event) => context.emit(event),
    signal: options.signal,
  });
  return { from, name, summary };
}

function sumOf(saved: readonly SavedImage[]): CopyCounts {
  const total = (of: (counts: CopyCounts) => number): number =>
    saved.reduce((sum, { summary }) => sum + of(summary), 0);
  return {
    blobs: {
      written: total(({ blobs }) => blobs.written),
      mounted: 0,
      present: total(({ blobs }) => blobs.present),
    },
    bytes: { sent: total(({ bytes }) => bytes.sent), skipped: total(({ bytes }) => bytes.skipped) },
  };
}
