import type { Descriptor } from '../../oci/descriptor.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { parseReference } from '../../reference/parse.ts';
import { blobName } from '../tar/blob-names.ts';
import type { TarWriter } from '../tar/writer.ts';

/** An image in an archive, as it was pushed. */
export interface WrittenImage {
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  /** Full names, such as "docker.io/library/app:v1". */
  readonly names: readonly string[];
  /** Whether the stored layers have the digests in the manifest. */
  readonly isVerbatim: boolean;
}

/**
 * Adds an OCI layout to a Docker archive, as `docker save` does since version 25. containerd's
 * image store then keeps the manifests of the archive, and so their digests.
 */
export async function addLayout(tar: TarWriter, images: readonly WrittenImage[]): Promise<void> {
  // If the layout lacked one of the images, a reader of the layout would lose it.
  if (images.length === 0 || !images.every(({ isVerbatim }) => isVerbatim)) return;
  for (const { descriptor, manifest } of images)
    await tar.addData(blobName(descriptor.digest), manifest.raw);
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: images.flatMap(({ descriptor: { mediaType, digest, size }, names }) => {
      const entry = { mediaType, digest, size };
      return names.length === 0
        ? [entry]
        : names.map((name) => ({ ...entry, annotations: annotationsOf(name) }));
    }),
  };
  await tar.addData('index.json', Buffer.from(JSON.stringify(index)));
  await tar.addData('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
}

function annotationsOf(name: string): Readonly<Record<string, string>> {
  return {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': parseReference(name).tag ?? '',
  };
}
