import { wrapError } from '../../errors/app-error.ts';
import type { ResponseHeaders } from '../../http/types.ts';
import { algorithmOf, isDigest, type Digest } from '../../oci/digest.ts';
import { describeManifest, parseManifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { contentTypeOf } from '../errors/body.ts';
import { headerDigest, requireSameDigest } from './descriptor.ts';
import type { ManifestResponse } from '../types.ts';

/** @throws AppError INVALID_MANIFEST */
export function describeManifestBytes(
  raw: Uint8Array,
  contentType: string | undefined,
  digest: Digest,
  target: string,
): ManifestResponse['descriptor'] {
  try {
    return describeWithDigest(raw, contentType, digest);
  } catch (error) {
    throw wrapError(error, 'INVALID_MANIFEST', `${target}: ${messageOf(error)}`);
  }
}

function describeWithDigest(
  raw: Uint8Array,
  contentType: string | undefined,
  digest: Digest,
): ManifestResponse['descriptor'] {
  const manifest = parseManifest(raw, contentType);
  return { ...describeManifest(manifest, algorithmOf(digest)), digest };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A descriptor from a HEAD, when it says all that a descriptor needs. */
export function descriptorFromHeaders(
  headers: ResponseHeaders,
  ref: string,
  target: string,
): Omit<ManifestResponse, 'raw'> | undefined {
  const mediaType = contentTypeOf(headers);
  const claimed = headerDigest(headers);
  const length = headers.get('content-length');
  if (isDigest(ref) && claimed !== undefined) {
    requireSameDigest(ref, claimed, `${target}: the registry names another digest`);
  }
  const digest = isDigest(ref) ? ref : claimed;
  if (digest === undefined || mediaType === undefined || !isManifestType(mediaType)) {
    return undefined;
  }
  if (length === undefined || !/^[1-9]\d{0,14}$/.test(length)) return undefined;
  return { descriptor: { mediaType, digest, size: Number(length) }, headers };
}
