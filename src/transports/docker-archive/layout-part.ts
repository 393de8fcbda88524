import type { Descriptor } from '../../oci/descriptor.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { parseReference } from '../../reference/parse.ts';
import { blobName } from '../tar/blob-names.ts';
import type { TarWriter } from '../tar/writer.ts';

/** An image of an archive, as it was pushed. */
export interface WrittenImage {
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  /** In full: "docker.io/library/app:v1". */
  readonly names: readonly string[];
  /** Whether its layers are stored as the manifest names them. */
  readonly isVerbatim: boolean;
}

/**
 * Makes an archive of Docker's an OCI layout as well, as `docker save` does since 25: containerd's
 * image store keeps the manifests of such an archive, and so their digests.
 */
export async function addLayout(tar: TarWriter, images: readonly WrittenImage[]): Promise<void> {
  // A layout without one of the images would lose it.
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
