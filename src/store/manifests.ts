import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { MAX_MANIFEST_BYTES, parseManifest, type Manifest } from '../oci/manifest.ts';
import { isManifestType } from '../oci/media-types.ts';
import type { CallOptions, ReadStore } from './types.ts';
import { fetchAll } from './verify.ts';

/**
 * Fetches, verifies and parses one manifest.
 * @throws AppError INVALID_MANIFEST when it is none or larger than 4 MiB, MANIFEST_UNKNOWN; IntegrityError
 */
export async function fetchManifest(
  store: ReadStore,
  descriptor: Descriptor,
  options?: CallOptions,
): Promise<Manifest> {
  const where = `${store.label}: ${descriptor.digest}`;
  if (!isManifestType(descriptor.mediaType)) {
    throw new AppError(
      'INVALID_MANIFEST',
      `${where} has type ${descriptor.mediaType}, which is not a manifest type that regctl knows`,
    );
  }
  checkManifestSize(descriptor, where);
  return parseManifest(await fetchAll(store, descriptor, options), descriptor.mediaType);
}

/** @throws AppError INVALID_MANIFEST above 4 MiB */
export function checkManifestSize(descriptor: Descriptor, where: string): void {
  if (descriptor.size <= MAX_MANIFEST_BYTES) return;
  throw new AppError(
    'INVALID_MANIFEST',
    `${where} is a manifest of ${descriptor.size} bytes; at most ${MAX_MANIFEST_BYTES} are allowed`,
  );
}

/**
 * What a referrers list says about a manifest (distribution-spec v1.1.1 "Listing Referrers"):
 * its annotations, and its artifact type or else its config's media type.
 */
export function describeReferrer(manifest: Manifest, descriptor: Descriptor): Descriptor {
  const fallback = manifest.kind === 'image' ? manifest.config.mediaType : undefined;
  const artifactType = manifest.artifactType ?? fallback;
  return {
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
  };
}
