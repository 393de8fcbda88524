import { NotEvidence } from '../types.ts';

const STANDARD = /^[A-Za-z0-9+/]*={0,2}$/u;
const URL_SAFE = /^[A-Za-z0-9_-]*={0,2}$/u;

/**
 * Decodes base64 or base64url, with or without padding, as cosign does. `Buffer.from` skips whatever
 * is outside the alphabet, so the same text would be two values.
 * @throws NotEvidence
 */
export function decodeBase64(text: unknown, what: string): Uint8Array {
  if (typeof text !== 'string') throw new NotEvidence(`it has no ${what}`);
  const isUrlSafe = !STANDARD.test(text);
  if (isUrlSafe && !URL_SAFE.test(text)) throw new NotEvidence(`its ${what} is not base64`);
  const digits = text.replace(/=+$/u, '');
  const isPadded = digits.length !== text.length;
  if (digits.length % 4 === 1 || (isPadded && text.length % 4 !== 0)) {
    throw new NotEvidence(`its ${what} is not base64`);
  }
  return Buffer.from(digits, isUrlSafe ? 'base64url' : 'base64');
}

/**
 * Decodes base64 with padding only, as cosign does in the `.sig` form.
 * @throws NotEvidence
 */
export function decodePaddedBase64(text: unknown, what: string): Uint8Array {
  const bytes = decodeBase64(text, what);
  if (typeof text === 'string' && STANDARD.test(text) && text.length % 4 === 0) return bytes;
  throw new NotEvidence(`its ${what} is not base64 with padding`);
}
