import { IntegrityError, wrapError } from '../../errors/app-error.ts';
import type { ResponseHeaders } from '../../http/types.ts';
import { algorithmOf, digestOf, isDigest, type Algorithm, type Digest } from '../../oci/digest.ts';
import { isSchema1Type, isManifestType } from '../../oci/media-types.ts';
import type { RequestContext } from '../requests.ts';
import { describeManifest, parseManifest } from '../../oci/manifest.ts';
import { contentTypeOf } from '../errors/body.ts';
import type { ManifestResponse } from '../types.ts';

/** A digest pins the content, whatever the registry says about it. */
export function verifyPinned(raw: Uint8Array, pinned: Digest, target: string): Digest {
  const actual = digestOf(raw, algorithmOf(pinned));
  requireSameDigest(pinned, actual, `${target}: the manifest has another digest`);
  return actual;
}

export function requireSameDigest(expected: Digest, actual: Digest, what: string): void {
  if (expected === actual || algorithmOf(expected) !== algorithmOf(actual)) return;
  throw new IntegrityError(
    'DIGEST_MISMATCH',
    `${what}: ${actual} instead of ${expected}`,
    { expected, actual },
    { hint: 'The registry, a proxy or a mirror altered the content.' },
  );
}

/** For a tag the computed digest counts; registries are known to send a wrong header. */
export function digestByTag(
  context: RequestContext,
  raw: Uint8Array,
  headers: ResponseHeaders,
  contentType: string | undefined,
  target: string,
): Digest {
  const claimed = headerDigest(headers);
  if (claimed !== undefined && digestOf(raw, algorithmOf(claimed)) === claimed) return claimed;
  const computed = digestOf(raw);
  if (claimed !== undefined && !isSchema1Type(contentType ?? '')) {
    context.deps.warn(
      `${target}: the registry names the digest ${claimed}, but the manifest has ${computed}`,
    );
  }
  return computed;
}

export function headerDigest(headers: ResponseHeaders): Digest | undefined {
  const value = headers.get('docker-content-digest')?.trim();
  return value !== undefined && isDigest(value) ? value : undefined;
}

export function headerAlgorithm(headers: ResponseHeaders): Algorithm {
  const digest = headerDigest(headers);
  return digest === undefined ? 'sha256' : algorithmOf(digest);
}

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

/** A descriptor from a HEAD, if its headers are complete. */
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
