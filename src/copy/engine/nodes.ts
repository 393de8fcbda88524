import type { Descriptor } from '../../oci/descriptor.ts';
import { isManifestType } from '../../oci/media-types.ts';

/** One node in the graph of an image. */
export interface GraphNode {
  readonly descriptor: Descriptor;
  readonly isManifest: boolean;
}

/** Returns the same key for the same node, whichever manifest lists it. */
export function keyOf({ descriptor, isManifest }: GraphNode): string {
  return `${isManifest ? 'manifest' : 'blob'} ${descriptor.digest}`;
}

/** Layers are stored as blobs, even if they have the media type of a manifest. */
export function asBlob(layer: Descriptor): Descriptor {
  return isManifestType(layer.mediaType)
    ? { ...layer, mediaType: 'application/octet-stream' }
    : layer;
}
