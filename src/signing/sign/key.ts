import { createPublicKey, type KeyObject } from 'node:crypto';
import { keyHint, signBytes } from '../keys/algorithms.ts';

/** A private key that signs. */
export interface SigningKey {
  /** How bundles name its public key. */
  readonly hint: string;
  readonly publicKey: KeyObject;
  sign(content: Uint8Array): Uint8Array;
}

export function signingKey(key: KeyObject): SigningKey {
  const publicKey = createPublicKey(key);
  return { hint: keyHint(publicKey), publicKey, sign: (content) => signBytes(key, content) };
}
