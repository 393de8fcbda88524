import type { ReadStore } from '../../store/types.ts';
import type { Context } from '../context.ts';
import type { CopyFlags } from './flags.ts';
import { isEngine, type CopyLocations } from '../../client/copy-locations.ts';

type ConversionContext = Pick<Context, 'flags' | 'note' | 'tempDir' | 'temporaries' | 'warn'>;

/** A view of the source that converts; `undefined` without a conversion. @throws AppError USAGE */
export async function openConverted(
  context: ConversionContext,
  source: ReadStore,
  locations: CopyLocations,
  flags: Pick<
    CopyFlags,
    'conversion' | 'platforms' | 'indexPlatform' | 'preserveDigests' | 'referrers'
  >,
): Promise<ReadStore | undefined> {
  const { conversion, platforms, indexPlatform, preserveDigests, referrers } = flags;
  const compressed =
    conversion?.compression === undefined
      ? await openCompressed(context, source, locations)
      : undefined;
  if (conversion === undefined) return compressed;
  if (referrers) {
    context.note('referrers are not copied for images that change');
  }
  const { createConvertedStore } = await import('../../image/convert/store.ts');
  return createConvertedStore(compressed ?? source, {
    ...conversion,
    platforms: platforms.length > 0 || indexPlatform === undefined ? platforms : [indexPlatform],
    preserveDigests,
    tempDir: context.tempDir,
    temporaries: () => context.temporaries(),
    concurrency: context.flags.concurrency,
    note: (text) => context.note(text),
    warn: (text) => context.warn(text),
  });
}

/** Destinations that store layers compressed; an engine unpacks them. */
const COMPRESSED_PLACES: ReadonlySet<string> = new Set(['docker', 'oci', 'oci-archive']);

async function openCompressed(
  { note, tempDir }: ConversionContext,
  source: ReadStore,
  { from, to }: CopyLocations,
): Promise<ReadStore | undefined> {
  if (!isEngine(from) || !COMPRESSED_PLACES.has(to.scheme)) return undefined;
  const { createGzipStream } = await import('../../image/convert/gzip-stream.ts');
  const engine = from.scheme === 'docker-daemon' ? 'the Docker daemon' : 'the storage';
  return createGzipStream(source, {
    tempDir,
    onCompress: () =>
      note(`${engine} keeps layers unpacked: they are recompressed, so their digests change`),
  });
}
