import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { ImageManifest, Manifest } from '../../oci/manifest.ts';
import { isForeignLayerType, isImageConfigType } from '../../oci/media-types.ts';

/** Returns the manifest if `docker load` can load it. @throws AppError UNSUPPORTED */
export function requireImage(manifest: Manifest, label: string): ImageManifest {
  const refuse = (what: string, hint: string): AppError =>
    new AppError('UNSUPPORTED', `${label} cannot hold ${what}`, { hint });
  if (manifest.kind !== 'image') {
    throw refuse(
      'an index of several platforms',
      'Choose one with --platform OS/ARCH, or keep all of them in oci-archive:FILE.',
    );
  }
  if (!isImageConfigType(manifest.config.mediaType))
    throw refuse('an artifact', 'It holds only images. Write to oci-archive:FILE.');
  return manifest;
}

/**
 * `docker load` downloads nothing, so foreign layers must be in the archive.
 * @throws AppError UNSUPPORTED
 */
export async function requireForeignLayers(
  { layers }: ImageManifest,
  label: string,
  has: (layer: Descriptor) => Promise<boolean>,
): Promise<void> {
  for (const layer of layers) {
    if (!isForeignLayerType(layer.mediaType) || (await has(layer))) continue;
    throw new AppError('UNSUPPORTED', `${label} cannot hold an image without its foreign layers`, {
      hint: 'Also copy the layers with addresses of their own: --allow-nondistributable',
    });
  }
}
