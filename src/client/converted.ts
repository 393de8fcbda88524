import type { ConvertOptions } from '../image/convert/types.ts';
import type { Platform } from '../oci/platform.ts';
import type { ReadStore } from '../store/types.ts';
import type { Temporaries } from '../util/temporaries.ts';
import { isEngine, type CopyLocations } from './copy-locations.ts';

/** What a copy changes. */
export type Conversion = Pick<ConvertOptions, 'format' | 'compression'>;

export interface ConversionRequest {
  readonly conversion: Conversion | undefined;
  readonly platforms: readonly Platform[];
  readonly indexPlatform: Platform | undefined;
  readonly preserveDigests: boolean;
  readonly referrers: boolean;
  readonly onOriginal?: ConvertOptions['onOriginal'];
}

interface ConversionContext {
  readonly concurrency: number;
  readonly tempDir: string;
  temporaries(): Promise<Temporaries>;
  note(text: string): void;
  warn(text: string): void;
}

/** A view of the source that converts; `undefined` without a conversion. @throws AppError USAGE */
export async function openConverted(
  context: ConversionContext,
  source: ReadStore,
  locations: CopyLocations,
  request: ConversionRequest,
): Promise<ReadStore | undefined> {
  const { conversion, platforms, indexPlatform, preserveDigests, referrers } = request;
  const compressed =
    conversion?.compression === undefined
      ? await openCompressed(context, source, locations)
      : undefined;
  if (conversion === undefined) return compressed;
  if (referrers) {
    context.note('referrers are not copied for images that change');
  }
  const { createConvertedStore } = await import('../image/convert/store.ts');
  return createConvertedStore(compressed ?? source, {
    ...conversion,
    platforms: platforms.length > 0 || indexPlatform === undefined ? platforms : [indexPlatform],
    preserveDigests,
    onOriginal: request.onOriginal,
    tempDir: context.tempDir,
    temporaries: () => context.temporaries(),
    concurrency: context.concurrency,
    note: (text) => context.note(text),
    warn: (text) => context.warn(text),
  });
}

/** Destinations that store layers compressed; an engine unpacks them. */
const COMPRESSED_PLACES: ReadonlySet<string> = new Set(['docker', 'oci', 'oci-archive']);

async function openCompressed(
  context: ConversionContext,
  source: ReadStore,
  { from, to }: CopyLocations,
): Promise<ReadStore | undefined> {
  if (!isEngine(from) || !COMPRESSED_PLACES.has(to.scheme)) return undefined;
  const { createGzipStream } = await import('../image/convert/gzip-stream.ts');
  const engine = from.scheme === 'docker-daemon' ? 'the Docker daemon' : 'the storage';
  return createGzipStream(source, {
    tempDir: context.tempDir,
    onCompress: () =>
      context.note(
        `${engine} keeps layers unpacked: they are recompressed, so their digests change`,
      ),
  });
}
