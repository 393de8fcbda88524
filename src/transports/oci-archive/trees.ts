import type { Descriptor } from '../../oci/descriptor.ts';
import { childrenOf } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ReadStore, WriteStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { LayoutIndex } from '../oci-layout/index-json.ts';

/**
 * Yields what the images of an index need and `store` has, each once, children first. Unreferenced
 * blobs are left out.
 * @throws AppError as fetchManifest does
 */
export async function* treesOf(
  index: LayoutIndex,
  store: ReadStore & Pick<WriteStore, 'has'>,
  options?: CallOptions,
): AsyncGenerator<Descriptor> {
  const seen = new Set<string>();
  const visit = async function* (descriptor: Descriptor): AsyncGenerator<Descriptor> {
    // The children of a manifest pushed in this run are in the new file or in the old one.
    if (seen.has(descriptor.digest) || !(await store.has(descriptor, options))) return;
    seen.add(descriptor.digest);
    if (isManifestType(descriptor.mediaType)) {
      const manifest = await fetchManifest(store, descriptor, { signal: options?.signal });
      for (const child of childrenOf(manifest)) yield* visit(child);
    }
    yield descriptor;
  };
  for (const { descriptor } of index.entries) yield* visit(descriptor);
}
