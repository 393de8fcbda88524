import { AppError } from '../../errors/app-error.ts';
import type { ImageManifest, Manifest } from '../../oci/manifest.ts';
import { isForeignLayerType, isImageConfigType } from '../../oci/media-types.ts';

/** What `docker load` can take. @throws AppError UNSUPPORTED */
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
    throw refuse('an artifact', 'It holds images alone; write to oci-archive:FILE.');
  if (manifest.layers.some((layer) => isForeignLayerType(layer.mediaType)))
    throw refuse('an image with foreign layers', 'Write to oci-archive:FILE or dir:DIR.');
  return manifest;
}
