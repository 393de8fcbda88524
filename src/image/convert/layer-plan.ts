import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-types.ts';
import type { CompressionOptions } from '../../util/compression/types.ts';
import { parseImageConfig } from '../config.ts';
import { formatOf, layerKindOf, layerType, type LayerKind } from './layer-types.ts';
import type { ConvertOptions, ManifestFormat } from './types.ts';

export interface ImagePlan {
  readonly format: ManifestFormat;
  /** How each layer has to be recompressed; `undefined` keeps it. */
  readonly layers: readonly (CompressionOptions | undefined)[];
}

/** Decides the form of the converted image. The layers of an artifact are kept. */
export function planImage(
  manifest: ImageManifest,
  { format: wanted, compression }: Pick<ConvertOptions, 'format' | 'compression'>,
): ImagePlan {
  const { config, layers, mediaType } = manifest;
  const format = wanted ?? formatOf(mediaType);
  const isImage = isImageConfigType(config.mediaType);
  const plans = layers.map((layer) => {
    const kind = layerKindOf(layer.mediaType);
    return isImage && kind !== undefined && !kind.foreign
      ? planLayer(kind, wanted, compression)
      : undefined;
  });
  // Docker's format does not support zstd layers.
  const needsOci = plans.some((plan) => plan?.format === 'zstd');
  return { format: needsOci ? 'oci' : format, layers: plans };
}

function planLayer(
  kind: LayerKind,
  target: ManifestFormat | undefined,
  compression: CompressionOptions | undefined,
): CompressionOptions | undefined {
  if (compression !== undefined) {
    const { format: wanted, level } = compression;
    return wanted !== kind.encoding || level !== undefined ? compression : undefined;
  }
  const fits = target === undefined || layerType(target, kind) !== undefined;
  return fits ? undefined : { format: 'gzip' };
}

/**
 * Reads the digest of each uncompressed layer from the configuration.
 * @throws AppError INVALID_CONFIG
 */
export function diffIdsOf(
  config: Uint8Array,
  layers: readonly Descriptor[],
  where: string,
): readonly Digest[] {
  const diffIds = parseImageConfig(config).diffIds.filter(isDigest);
  if (diffIds.length === layers.length) return diffIds;
  throw new AppError(
    'INVALID_CONFIG',
    `${where}: the configuration names ${diffIds.length} layers, the manifest has ${layers.length}`,
    { hint: 'Without them, no check shows whether a layer was recompressed correctly.' },
  );
}
