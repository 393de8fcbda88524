import { type Digest, digestOf, algorithmOf } from '../oci/digest.ts';
import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { MAX_MANIFEST_BYTES, parseManifest, type Manifest } from '../oci/manifest.ts';
import { isManifestType } from '../oci/media-types.ts';
import { formatPlatform } from '../oci/platform.ts';
import { parseJsonStrict } from '../oci/strict-json.ts';
import { isRecord } from '../util/json.ts';
import type { ReadStore } from './types.ts';
import type { CallOptions } from '../util/abort.ts';
import { fetchAll } from './verify.ts';

/** Waits for a store that does not see yet what was just written to it and a manifest lists. */
export const VISIBILITY_RETRIES = 2;

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
  try {
    return parseManifest(await fetchAll(store, descriptor, options), descriptor.mediaType);
  } catch (error) {
    throw missingChild(error, descriptor);
  }
}

/** An index outlives its children where a registry was cleaned up by age or by lack of tags. */
function missingChild(error: unknown, { platform }: Descriptor): unknown {
  const isMissing = error instanceof AppError && error.code === 'MANIFEST_UNKNOWN';
  if (!isMissing || platform === undefined) return error;
  return new AppError(error.code, error.message, {
    why: [`its index lists it for ${formatPlatform(platform)}`, ...error.why],
    hint: 'Push the image of this platform again, or choose the other platforms with --platform.',
    details: error.details,
    cause: error,
  });
}

/** The whole document of a manifest, including members that the model does not contain. */
export function manifestDocument({
  raw,
}: Pick<Manifest, 'raw'>): Readonly<Record<string, unknown>> {
  const document = parseJsonStrict(raw, 'INVALID_MANIFEST', 'manifest');
  return isRecord(document) ? document : {};
}

/** A schema 1 image, if `store` lacks what its conversion needs, or no conversion is requested. */
export function schema1Error({ label, capabilities }: ReadStore): AppError {
  return new AppError('UNSUPPORTED', `cannot copy ${label}: it is a Docker schema 1 image`, {
    hint:
      capabilities.sizes === undefined
        ? 'Copy it from its registry, and convert it while copying: add --format oci'
        : 'Convert it while copying: add --format oci',
  });
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
 * Describes a manifest like a referrers list does (distribution-spec v1.1.1 "Listing Referrers"):
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

/** Maximum bytes of manifests in memory; those of usual images have a few thousand each. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;

/** Limits the manifests in memory: a 4 MiB index can name 30 000 others of 4 MiB each. */
export class ManifestBudget {
  readonly #max: number;
  #held = 0;

  constructor(max: number = MAX_HELD_BYTES) {
    this.#max = max;
  }

  /** @throws AppError RESPONSE_TOO_LARGE, and what fetchManifest throws */
  async fetch(store: ReadStore, descriptor: Descriptor, options?: CallOptions): Promise<Manifest> {
    const manifest = await fetchManifest(store, descriptor, options);
    if (this.#held + descriptor.size > this.#max) {
      throw new AppError(
        'RESPONSE_TOO_LARGE',
        `${store.label} has nested manifests of more than ${this.#max} bytes`,
        { hint: 'Images do not need as much; if you trust it, copy its parts by their digests.' },
      );
    }
    this.#held += descriptor.size;
    return manifest;
  }

  /** Call it when a fetched manifest is no longer needed. */
  release({ size }: Descriptor): void {
    this.#held -= size;
  }
}

/** @throws AppError MANIFEST_UNKNOWN if the bytes are missing or do not match `digest` */
export function describeRawManifest(
  raw: Uint8Array | undefined,
  digest: Digest,
  label: string,
): Descriptor {
  if (raw === undefined || digestOf(raw, algorithmOf(digest)) !== digest) {
    throw new AppError('MANIFEST_UNKNOWN', `${label} has no manifest ${digest}`);
  }
  return { mediaType: parseManifest(raw).mediaType, digest, size: raw.byteLength };
}
