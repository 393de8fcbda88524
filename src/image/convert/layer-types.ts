import { MEDIA_TYPE } from '../../oci/media-types.ts';
import type { ManifestFormat } from './types.ts';

export type LayerEncoding = 'none' | 'gzip' | 'zstd';

/** What a layer's media type expresses, independent of the format. */
export interface LayerKind {
  readonly encoding: LayerEncoding;
  /** The bytes live at the descriptor's `urls`; no registry stores them. */
  readonly foreign: boolean;
}

interface LayerTypes extends LayerKind {
  readonly oci: string;
  /** Absent if Docker's format has no media type for it. */
  readonly v2s2?: string;
  /** Other media types that are read but never written. */
  readonly aliases?: readonly string[];
}

const OCI_LAYER = 'application/vnd.oci.image.layer';
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs';

/** image-spec v1.1.1 media-types.md; distribution "Image Manifest Version 2, Schema 2". */
const LAYER_TYPES: readonly LayerTypes[] = [
  {
    encoding: 'none',
    foreign: false,
    oci: MEDIA_TYPE.ociLayer,
    v2s2: `${DOCKER_LAYER}.diff.tar`,
  },
  {
    encoding: 'gzip',
    foreign: false,
    oci: MEDIA_TYPE.ociLayerGzip,
    v2s2: MEDIA_TYPE.dockerLayerGzip,
  },
  {
    encoding: 'zstd',
    foreign: false,
    oci: MEDIA_TYPE.ociLayerZstd,
    // containerd's name; the Docker engine does not read it.
    aliases: [`${DOCKER_LAYER}.diff.tar.zstd`],
  },
  {
    encoding: 'none',
    foreign: true,
    oci: `${OCI_LAYER}.nondistributable.v1.tar`,
    v2s2: `${DOCKER_LAYER}.foreign.diff.tar`,
  },
  {
    encoding: 'gzip',
    foreign: true,
    oci: `${OCI_LAYER}.nondistributable.v1.tar+gzip`,
    v2s2: MEDIA_TYPE.dockerForeignLayer,
  },
  { encoding: 'zstd', foreign: true, oci: `${OCI_LAYER}.nondistributable.v1.tar+zstd` },
];

const MANIFEST_TYPES = {
  oci: {
    index: MEDIA_TYPE.ociIndex,
    image: MEDIA_TYPE.ociManifest,
    config: MEDIA_TYPE.ociConfig,
  },
  v2s2: {
    index: MEDIA_TYPE.dockerList,
    image: MEDIA_TYPE.dockerManifest,
    config: MEDIA_TYPE.dockerConfig,
  },
} as const satisfies Record<ManifestFormat, Record<'index' | 'image' | 'config', string>>;

export function manifestType(format: ManifestFormat, kind: 'index' | 'image' | 'config'): string {
  return MANIFEST_TYPES[format][kind];
}

/** The format a manifest's own media type belongs to. */
export function formatOf(mediaType: string): ManifestFormat {
  return mediaType === MEDIA_TYPE.dockerList || mediaType === MEDIA_TYPE.dockerManifest
    ? 'v2s2'
    : 'oci';
}

/**
 * Parses a layer's media type; `undefined` if it is not an image layer: artifact data, an
 * attestation.
 */
export function layerKindOf(mediaType: string): LayerKind | undefined {
  return LAYER_TYPES.find(
    ({ oci, v2s2, aliases }) =>
      oci === mediaType || v2s2 === mediaType || aliases?.includes(mediaType) === true,
  );
}

/** The media type in a format; `undefined` if the format has no such layers: zstd in v2s2. */
export function layerType(format: ManifestFormat, kind: LayerKind): string | undefined {
  return LAYER_TYPES.find(
    ({ encoding, foreign }) => encoding === kind.encoding && foreign === kind.foreign,
  )?.[format];
}
