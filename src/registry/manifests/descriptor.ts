import { IntegrityError } from '../../errors/app-error.ts';
import type { ResponseHeaders } from '../../http/types.ts';
import { algorithmOf, digestOf, isDigest, type Algorithm, type Digest } from '../../oci/digest.ts';
import { isSchema1Type } from '../../oci/media-types.ts';
import type { RequestContext } from '../requests.ts';

/** By digest the content is pinned: whatever the registry says about it does not matter. */
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
    { hint: 'The registry, a proxy or a mirror on the way altered the content.' },
  );
}

/** By tag the computed digest is the truth; registries are known to send a wrong header. */
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
