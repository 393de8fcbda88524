import { manifestDocument } from '../../store/manifests.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import { isImageConfigType, MEDIA_TYPE } from '../../oci/media-types.ts';
import {
  descriptorEntries,
  manifestNode,
  withDescriptor,
  type Json,
  type ManifestNode,
} from './edit-json.ts';
import { formatOf, layerKindOf, layerType, manifestType } from './layer-types.ts';
import type { ManifestFormat } from './types.ts';

/** The location of a manifest for messages, and the receiver of warnings. */
export interface ConversionSite {
  readonly label: string;
  readonly digest: Digest;
  warn(text: string): void;
}

/**
 * Builds an image manifest in `format` with `layers` instead of its own.
 * @throws AppError UNSUPPORTED
 */
export function convertImage(
  manifest: ImageManifest,
  layers: readonly Descriptor[],
  format: ManifestFormat,
  site: ConversionSite,
): ManifestNode {
  const mediaType = manifestType(format, 'image');
  const body =
    format === 'v2s2' && formatOf(manifest.mediaType) === 'oci'
      ? dockerBody(manifest, layers, mediaType, site)
      : keptBody(manifest, layers, format);
  return manifestNode(body, mediaType, site.digest);
}

/** OCI can hold everything that Docker's format can; types without an OCI name keep theirs. */
function keptBody(
  manifest: ImageManifest,
  layers: readonly Descriptor[],
  format: ManifestFormat,
): Json {
  const body = manifestDocument(manifest);
  const { config } = manifest;
  const configType = configTypeIn(format, config);
  const written = descriptorEntries(body['layers']);
  return {
    ...body,
    schemaVersion: 2,
    mediaType: manifestType(format, 'image'),
    config: withDescriptor(descriptorEntries([body['config']])[0] ?? {}, {
      ...config,
      mediaType: configType,
    }),
    layers: layers.map((layer, i) => {
      const kind = layerKindOf(layer.mediaType);
      const type = (kind === undefined ? undefined : layerType(format, kind)) ?? layer.mediaType;
      return withDescriptor(written[i] ?? {}, { ...layer, mediaType: type });
    }),
  };
}

/** The first Docker engines to write schema 2 called its configuration an octet-stream. */
function configTypeIn(format: ManifestFormat, { mediaType }: Descriptor): string {
  const isOld = format === 'oci' && mediaType === 'application/octet-stream';
  return isOld || isImageConfigType(mediaType) ? manifestType(format, 'config') : mediaType;
}

/**
 * Whether an image of this format has media types of the other one, because some builders mix them.
 */
export function hasOtherTypes({ config, layers }: ImageManifest, format: ManifestFormat): boolean {
  if (!isImageConfigType(config.mediaType)) return false;
  return (
    configTypeIn(format, config) !== config.mediaType ||
    layers.some(({ mediaType }) => {
      const kind = layerKindOf(mediaType);
      return kind !== undefined && (layerType(format, kind) ?? mediaType) !== mediaType;
    })
  );
}

function dockerBody(
  manifest: ImageManifest,
  layers: readonly Descriptor[],
  mediaType: string,
  site: ConversionSite,
): Json {
  refuseArtifact(manifest, site);
  if (hasAnnotations(manifest)) warnAnnotations(site);
  return {
    schemaVersion: 2,
    mediaType,
    config: plain(manifest.config, MEDIA_TYPE.dockerConfig),
    layers: layers.map((layer) => plain(layer, dockerLayerType(layer, site))),
  };
}

/** v2s2 cannot hold an artifact's type or subject, nor blobs that are not layers. */
function refuseArtifact(
  { config, artifactType, subject }: ImageManifest,
  { label, digest }: ConversionSite,
): void {
  const what =
    artifactType !== undefined || !isImageConfigType(config.mediaType)
      ? `an artifact of type ${artifactType ?? config.mediaType}`
      : subject === undefined
        ? undefined
        : `attached to ${subject.digest} as its subject`;
  if (what === undefined) return;
  throw unsupported(`${label}: ${digest} is ${what}, which v2s2 cannot hold`);
}

function dockerLayerType({ mediaType, digest }: Descriptor, { label }: ConversionSite): string {
  const kind = layerKindOf(mediaType);
  const type = kind === undefined ? undefined : layerType('v2s2', kind);
  if (type !== undefined) return type;
  throw unsupported(`${label}: v2s2 has no layers of type ${mediaType} (${digest})`);
}

export function unsupported(message: string): AppError {
  return new AppError('UNSUPPORTED', message, {
    hint: 'Copy it without --format, or with --format oci.',
  });
}

function plain({ digest, size, urls }: Descriptor, mediaType: string): Json {
  return { mediaType, digest, size, ...(urls === undefined ? {} : { urls }) };
}

function hasAnnotations({ annotations, config, layers }: ImageManifest): boolean {
  return [annotations, config.annotations, ...layers.map((one) => one.annotations)].some(
    hasEntries,
  );
}

export function hasEntries(annotations: Readonly<Record<string, string>> | undefined): boolean {
  return annotations !== undefined && Object.keys(annotations).length > 0;
}

export function warnAnnotations(site: ConversionSite): void {
  site.warn('v2s2 cannot hold annotations: those of this image are left out');
}
