import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf, type Digest } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import type { TestImage } from './images.ts';

export interface ArtifactOptions {
  readonly type: string;
  /** Media type and content of each layer. */
  readonly documents: readonly (readonly [type: string, document: unknown])[];
  readonly subject?: Descriptor;
}

/** A manifest of documents, which may refer to an image. */
export function makeArtifact({ type, documents, subject }: ArtifactOptions): TestImage {
  const nodes = new Map<Digest, { descriptor: Descriptor; bytes: Uint8Array }>();
  const add = (mediaType: string, value: unknown): Descriptor => {
    const bytes = Buffer.from(JSON.stringify(value));
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
    nodes.set(descriptor.digest, { descriptor, bytes });
    return descriptor;
  };
  const layers = documents.map(([mediaType, one]) => add(mediaType, one));
  const config = add(MEDIA_TYPE.ociEmpty, {});
  const mediaType = MEDIA_TYPE.ociManifest;
  const root = { schemaVersion: 2, mediaType, artifactType: type, config, layers, subject };
  return { root: add(mediaType, root), nodes };
}
