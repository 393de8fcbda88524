import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { Capabilities, ReadStore } from '../../store/types.ts';
import { bytesOf } from '../../util/bytes.ts';
import { LEVELS } from '../../util/compression/types.ts';
import { ImageConverter } from './converter.ts';
import { Recompressor } from './recompress.ts';
import type { ConvertOptions } from './types.ts';

/**
 * Presents `source` as converted: `resolve` gives the descriptor of the converted root, `fetch` the
 * converted manifests and layers. Manifests that already have the requested form keep their bytes
 * and digest. Disposing removes the temporary files; the caller disposes of the source.
 *
 * Resolve the root first and copy by the digest that comes back: the source's own digest names
 * another manifest.
 * @throws AppError USAGE for options that contradict each other; from `resolve`: UNSUPPORTED for
 * what the format cannot hold, DIGEST_CHANGED, CORRUPT_LAYER, NO_SPACE; IntegrityError for a layer
 * that is not the one its configuration names
 * @example
 * import { tmpdir } from 'node:os';
 * import { createClient } from '@regctl/cli';
 * import { createConvertedStore } from '@regctl/cli/copy';
 *
 * await using client = createClient();
 * await using source = await client.openRead('alpine');
 * await using zstd = createConvertedStore(source, {
 *   format: 'oci',
 *   compression: { format: 'zstd' },
 *   tempDir: tmpdir(),
 *   warn: console.warn,
 * });
 * console.log((await zstd.resolve('3.20')).digest);
 */
export function createConvertedStore(source: ReadStore, options: ConvertOptions): ReadStore {
  checkOptions(options);
  const layers = new Recompressor(source, options.tempDir, options.temporaries);
  const converter = new ImageConverter(source, layers, options);
  return {
    label: source.label,
    capabilities: capabilitiesOf(source, converter, options),
    async resolve(ref, call) {
      const made = ref !== undefined && isDigest(ref) ? converter.made(ref) : undefined;
      if (made !== undefined) return made.descriptor;
      const root = await source.resolve(ref, { ...call, purpose: 'content' });
      if (ref !== undefined) options.onOriginal?.(ref, root.digest);
      return converter.convert(root, { signal: call?.signal, depth: 0 });
    },
    async has(descriptor, call) {
      const { digest } = descriptor;
      const made =
        (converter.made(digest) ?? converter.config(digest)) !== undefined || layers.has(digest);
      return made || source.has(descriptor, call);
    },
    async fetch(descriptor, call) {
      call?.signal?.throwIfAborted();
      const from = call?.from ?? 0;
      if (isManifestType(descriptor.mediaType)) {
        const made = converter.made(descriptor.digest);
        return made === undefined
          ? source.fetch(descriptor, call)
          : bytesOf(made.manifest.raw, from);
      }
      const config = converter.config(descriptor.digest);
      if (config !== undefined) return bytesOf(config, from);
      return layers.read(descriptor, from, call?.signal) ?? source.fetch(descriptor, call);
    },
    [Symbol.asyncDispose]: () => layers[Symbol.asyncDispose](),
  };
}

function checkOptions({ format, compression }: ConvertOptions): void {
  if (compression === undefined || compression.format === 'none') return;
  if (format === 'v2s2' && compression.format === 'zstd') {
    throw new AppError('USAGE', 'v2s2 has no zstd layers', {
      hint: 'Choose --format oci, or --dest-compress-format gzip.',
    });
  }
  const { level } = compression;
  const { min, max } = LEVELS[compression.format];
  if (level === undefined || (level >= min && level <= max)) return;
  throw new AppError('USAGE', `${compression.format} has no level ${level}`, {
    hint: `Its levels go from ${min} to ${max}.`,
  });
}

/** Referrers of the original do not apply to the converted image. */
function capabilitiesOf(
  { capabilities }: ReadStore,
  converter: ImageConverter,
  { compression }: ConvertOptions,
): Capabilities {
  const { tags, referrers, stream } = capabilities;
  return {
    ...(tags === undefined ? {} : { tags }),
    // A new format does not change the layers, so those of a stream can be sent as they are read.
    ...(stream === undefined || compression !== undefined ? {} : { stream }),
    ...(referrers === undefined
      ? {}
      : {
          referrers: {
            async *referrers(digest, call) {
              if (!converter.isChanged(digest)) yield* referrers.referrers(digest, call);
            },
          },
        }),
  };
}
