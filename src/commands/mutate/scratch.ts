import { manifestNode } from '../../image/convert/edit-json.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import type { Platform } from '../../oci/platform.ts';
import { createMemoryStore } from '../../store/memory.ts';
import type { ReadStore } from '../../store/types.ts';
import { sourceFromBytes } from '../../store/verify.ts';
import type { CallOptions } from '../../util/abort.ts';

/** An OCI image without layers, as the start of one that is made of nothing. */
export async function scratchImage(
  { os, architecture }: Platform,
  call: CallOptions,
): Promise<{ readonly store: ReadStore; readonly root: Descriptor }> {
  const store = createMemoryStore('scratch');
  const config = { architecture, os, config: {}, rootfs: { type: 'layers', diff_ids: [] } };
  const bytes = Buffer.from(JSON.stringify(config));
  const descriptor = {
    mediaType: MEDIA_TYPE.ociConfig,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  };
  await store.push(sourceFromBytes(descriptor, bytes), call);
  const mediaType = MEDIA_TYPE.ociManifest;
  const body = { schemaVersion: 2, mediaType, config: descriptor, layers: [] };
  const { descriptor: root, manifest } = manifestNode(body, mediaType);
  await store.push(sourceFromBytes(root, manifest.raw), call);
  return { store, root };
}
