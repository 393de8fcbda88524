import { createHash } from 'node:crypto';
import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';

/** A validated `algorithm:hex`; paths and URLs may be built only from this form. */
export type Digest = string & { readonly __digest: unique symbol };

/** The hash of a digest. */
export type Algorithm = 'sha256' | 'sha512';

/** Hex length per algorithm (image-spec v1.1.1, descriptor.md "Registered algorithms"). */
const HEX_LENGTH: Readonly<Record<Algorithm, number>> = { sha256: 64, sha512: 128 };

/**
 * @throws AppError INVALID_DIGEST
 * @example
 * import { parseDigest } from '@regctl/cli/oci';
 *
 * const digest = parseDigest(`sha256:${'0'.repeat(64)}`);
 * console.log(digest.length); // 71
 */
export function parseDigest(text: string): Digest {
  const problem = digestProblem(text);
  if (problem !== undefined) {
    throw new AppError(
      'INVALID_DIGEST',
      `invalid digest "${sanitize(text.slice(0, 200))}": ${problem}`,
      {
        hint: 'A digest looks like sha256:… with 64 lower-case hexadecimal digits.',
      },
    );
  }
  return text as Digest;
}

/**
 * Whether a text is a digest of a known algorithm.
 * @example
 * import { isDigest } from '@regctl/cli/oci';
 *
 * console.log(isDigest('latest')); // false
 */
export function isDigest(text: string): text is Digest {
  return digestProblem(text) === undefined;
}

/** The rule that a digest breaks, in the field's usual words; `undefined` if it is valid. */
export function digestProblem(text: string): string | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0) return 'invalid checksum digest format';
  const algorithm = text.slice(0, colon);
  const hex = text.slice(colon + 1);
  if (!Object.hasOwn(HEX_LENGTH, algorithm)) return 'unsupported digest algorithm';
  if (hex.length !== HEX_LENGTH[algorithm as Algorithm]) return 'invalid checksum digest length';
  return /^[a-f0-9]+$/.test(hex) ? undefined : 'invalid checksum digest format';
}

export function algorithmOf(digest: Digest): Algorithm {
  return digest.slice(0, digest.indexOf(':')) as Algorithm;
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/**
 * Computes the digest of bytes.
 * @example
 * import { digestOf } from '@regctl/cli/oci';
 *
 * console.log(digestOf(new TextEncoder().encode('{}'))); // sha256:44136fa3…
 */
export function digestOf(data: Uint8Array, algorithm: Algorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(data).digest('hex')}` as Digest;
}

/** The first 12 hex digits, for people. */
export function shortDigest(digest: Digest): string {
  return hexOf(digest).slice(0, 12);
}
