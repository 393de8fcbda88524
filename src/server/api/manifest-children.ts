import type { Descriptor } from '../../oci/descriptor.ts';
import { childrenOf, type Manifest } from '../../oci/manifest.ts';
import { isForeignLayerType, isManifestType } from '../../oci/media-types.ts';
import type { RepositoryName } from '../names.ts';
import { ProtocolError } from '../protocol-error.ts';
import { ifIntact } from '../storage/damage.ts';
import type { Storage } from '../storage/types.ts';

/**
 * Checks that everything that a manifest lists is stored, and renews it against gc. `subject` may be missing
 * (distribution-spec v1.1.1 "Pushing Manifests with Subject"), as may foreign layers.
 * @throws ProtocolError MANIFEST_BLOB_UNKNOWN, SIZE_INVALID
 */
export async function checkChildren(
  storage: Storage,
  name: RepositoryName,
  manifest: Manifest,
): Promise<void> {
  const seen = new Set<string>();
  for (const child of childrenOf(manifest)) {
    const key = `${child.digest} ${child.size} ${child.mediaType}`;
    if (isForeignLayerType(child.mediaType) || seen.has(key)) continue;
    seen.add(key);
    const size = await sizeOf(storage, name, child);
    if (size === undefined) {
      throw new ProtocolError('MANIFEST_BLOB_UNKNOWN', 'blob or manifest unknown to registry', {
        detail: { digest: child.digest },
      });
    }
    if (size !== child.size) {
      throw new ProtocolError(
        'SIZE_INVALID',
        `${child.digest} has ${size} bytes, its descriptor says ${child.size}`,
      );
    }
  }
}

async function sizeOf(
  storage: Storage,
  name: RepositoryName,
  child: Descriptor,
): Promise<number | undefined> {
  if (!isManifestType(child.mediaType)) return storage.blobs.renew(name, child.digest);
  const intact = await ifIntact(storage.manifests.get(name, child.digest));
  const isKept = intact !== undefined && (await storage.manifests.renew(name, child.digest));
  return isKept ? intact.raw.byteLength : undefined;
}
