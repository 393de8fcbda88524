/**
 * Media types of manifests, configs and layers (image-spec v1.1.1 media-types.md; Docker).
 * @example
 * import { MEDIA_TYPE } from '@regctl/cli/oci';
 *
 * console.log(MEDIA_TYPE.ociIndex); // application/vnd.oci.image.index.v1+json
 */
export const MEDIA_TYPE = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  /** containerd's name; Docker's engine does not read it. */
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerSchema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
} as const;

const INDEX_TYPES: ReadonlySet<string> = new Set([MEDIA_TYPE.ociIndex, MEDIA_TYPE.dockerList]);
const IMAGE_TYPES: ReadonlySet<string> = new Set([
  MEDIA_TYPE.ociManifest,
  MEDIA_TYPE.dockerManifest,
]);
const SCHEMA1_TYPES: ReadonlySet<string> = new Set([
  MEDIA_TYPE.dockerSchema1,
  MEDIA_TYPE.dockerSchema1Signed,
]);

export function isIndexType(mediaType: string): boolean {
  return INDEX_TYPES.has(mediaType);
}

export function isImageType(mediaType: string): boolean {
  return IMAGE_TYPES.has(mediaType);
}

export function isSchema1Type(mediaType: string): boolean {
  return SCHEMA1_TYPES.has(mediaType);
}

/** True for everything that is stored under `/manifests/`, false for blobs. */
export function isManifestType(mediaType: string): boolean {
  return isIndexType(mediaType) || isImageType(mediaType) || isSchema1Type(mediaType);
}

/** Configurations of runnable images, which name a platform; artifacts have other types. */
export function isImageConfigType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.ociConfig || mediaType === MEDIA_TYPE.dockerConfig;
}

/** Layers whose bytes are at `urls` and are not stored by registries. */
export function isForeignLayerType(mediaType: string): boolean {
  return mediaType.includes('.foreign.') || mediaType.includes('.nondistributable.');
}

/** One comma-joined `Accept` line for manifests: an old server may convert types not listed. */
export const MANIFEST_ACCEPT: string = [
  MEDIA_TYPE.ociIndex,
  MEDIA_TYPE.ociManifest,
  MEDIA_TYPE.dockerList,
  MEDIA_TYPE.dockerManifest,
  MEDIA_TYPE.dockerSchema1Signed,
  MEDIA_TYPE.dockerSchema1,
].join(', ');

/** RFC 6838 "type/subtype" with its restricted names; keeps CR, LF and parameters out of headers. */
export function isMediaType(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}\/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}$/.test(
    text,
  );
}
