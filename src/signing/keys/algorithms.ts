import { hash, sign, verify, type KeyObject } from 'node:crypto';

/** The hash of each curve that counts besides SHA-256: cosign 3 signs with it. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'sha256',
  secp384r1: 'sha384',
  secp521r1: 'sha512',
};

const MIN_RSA_BITS = 2048;

/** Why a key cannot be used; `undefined` if it can. */
export function keyProblem(key: KeyObject): string | undefined {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return undefined;
    case 'ec':
      return Object.hasOwn(CURVES, namedCurve) ? undefined : `its curve ${namedCurve} is not used`;
    case 'rsa':
      return modulusLength >= MIN_RSA_BITS
        ? undefined
        : `an RSA key needs ${MIN_RSA_BITS} bits, it has ${modulusLength}`;
    default:
      return `keys of the type ${key.asymmetricKeyType} are not used`;
  }
}

/** Signs so that `cosign verify --key` accepts it: SHA-256 for each curve, PKCS #1 v1.5, pure Ed25519. */
export function signBytes(key: KeyObject, content: Uint8Array): Uint8Array {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', content, key);
}

/**
 * Whether a key signed the content. Takes what cosign 3.1.3 writes as well: the hash of the curve,
 * and Ed25519ph.
 */
export async function isSignedBy(
  key: KeyObject,
  content: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (key.asymmetricKeyType === 'ed25519') {
    return verify(null, content, key, signature) || isPrehashed(key, content, signature);
  }
  const hashes = new Set([
    'sha256',
    CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 'sha256',
  ]);
  return [...hashes].some((one) => verify(one, content, key, signature));
}

async function isPrehashed(
  key: KeyObject,
  content: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const { x } = key.export({ format: 'jwk' });
  if (x === undefined || signature.byteLength !== 64) return false;
  const { ed25519ph } = await import('@noble/curves/ed25519.js');
  // Strict (RFC 8032), as Go's verification.
  return ed25519ph.verify(signature, content, Buffer.from(x, 'base64url'), { zip215: false });
}

/** How cosign's bundles name a key: base64 of the SHA-256 of its SubjectPublicKeyInfo. */
export function keyHint(key: KeyObject): string {
  return hash('sha256', key.export({ type: 'spki', format: 'der' }), 'base64');
}
