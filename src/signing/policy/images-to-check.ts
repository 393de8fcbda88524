import { isIndexType, isManifestType } from '../../oci/media-types.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Chain } from '../verify/chain.ts';

/** The images themselves, each without the index around it, as skopeo checks them. */
export async function imagesToCheck(
  store: ReadStore,
  chains: readonly Chain[],
  options: CallOptions,
): Promise<readonly Chain[]> {
  const images = await Promise.all(
    chains.map(async ([image]): Promise<readonly Chain[]> => {
      if (!isIndexType(image.mediaType)) return [[image]];
      const manifest = await fetchManifest(store, image, options);
      if (manifest.kind !== 'index') return [[image]];
      const isAll = manifest.manifests.every(({ mediaType }) => isManifestType(mediaType));
      // Without an image, or with other content, the index itself has to be signed.
      if (manifest.manifests.length === 0 || !isAll) return [[image]];
      return manifest.manifests.map((one) => [one] as const);
    }),
  );
  return images.flat();
}
