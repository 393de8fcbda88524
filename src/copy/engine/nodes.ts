import type { Descriptor } from '../../oci/descriptor.ts';
import { isManifestType } from '../../oci/media-types.ts';

/** One place in a content graph. */
export interface GraphNode {
  readonly descriptor: Descriptor;
  readonly isManifest: boolean;
}

/** The same for the same node, wherever it stands. */
export function keyOf({ descriptor, isManifest }: GraphNode): string {
  return `${isManifest ? 'manifest' : 'blob'} ${descriptor.digest}`;
}

/** Whatever an image calls a layer is stored among the blobs, also under a manifest's media type. */
export function asBlob(layer: Descriptor): Descriptor {
  return isManifestType(layer.mediaType)
    ? { ...layer, mediaType: 'application/octet-stream' }
    : layer;
}
