import { randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { Members } from '../../oci/strict-json.ts';
import { isRecord } from '../../util/json.ts';
import { decodeBase64 } from '../formats/base64.ts';
import { parseDocument } from '../formats/document.ts';
import { NotEvidence } from '../types.ts';

/** The file chooses how much memory its password costs: at most 1 GiB. */
const MAX = { N: 2 ** 20, r: 16, p: 4, bytes: 2 ** 30 };

/** What scrypt needs besides its table, where that is small. */
const ROOM = 2 ** 16;

/** What cosign writes (sigstore/sigstore, pkg/cryptoutils). */
const DEFAULT = { N: 65_536, r: 8, p: 1 };

const DOCUMENT: Members = {
  kdf: { name: true, params: { N: true, r: true, p: true }, salt: true },
  cipher: { name: true, nonce: true },
  ciphertext: true,
};

type Parameters = typeof DEFAULT;

/**
 * Opens the content of a private key that cosign encrypted: scrypt and NaCl's secretbox.
 * @throws NotEvidence what is wrong with it; also for another password
 */
export async function openEncrypted(bytes: Uint8Array, password: string): Promise<Uint8Array> {
  const { kdf, cipher, ciphertext } = parseDocument(bytes, 'content', DOCUMENT);
  if (!isRecord(kdf) || kdf['name'] !== 'scrypt') throw new NotEvidence('its kdf is not scrypt');
  if (!isRecord(cipher) || cipher['name'] !== 'nacl/secretbox') {
    throw new NotEvidence('its cipher is not nacl/secretbox');
  }
  const parameters = parametersOf(kdf['params']);
  const salt = decodeBase64(kdf['salt'], 'salt');
  const nonce = decodeBase64(cipher['nonce'], 'nonce');
  if (nonce.byteLength !== 24) throw new NotEvidence('its nonce is not 24 bytes long');
  const sealed = decodeBase64(ciphertext, 'ciphertext');
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
  const key = await derive(password, salt, parameters);
  try {
    return xsalsa20poly1305(key, nonce).decrypt(sealed);
  } catch {
    throw new NotEvidence('the password is wrong, or the file is damaged');
  }
}

/** The same, the other way round. */
export async function sealEncrypted(content: Uint8Array, password: string): Promise<Uint8Array> {
  const salt = randomBytes(32);
  const nonce = randomBytes(24);
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
  const sealed = xsalsa20poly1305(await derive(password, salt, DEFAULT), nonce).encrypt(content);
  return Buffer.from(
    JSON.stringify({
      kdf: { name: 'scrypt', params: DEFAULT, salt: base64(salt) },
      cipher: { name: 'nacl/secretbox', nonce: base64(nonce) },
      ciphertext: base64(sealed),
    }),
  );
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function parametersOf(value: unknown): Parameters {
  const { N, r, p } = isRecord(value) ? value : {};
  const isPower = typeof N === 'number' && N > 1 && N <= MAX.N && Number.isInteger(Math.log2(N));
  const areWithin = isPower && isWithin(r, MAX.r) && isWithin(p, MAX.p);
  // RFC 7914, section 6. OpenSSL is not asked: its refusal would fail the next call, too.
  if (!areWithin || N >= 2 ** (16 * r) || 128 * N * r > MAX.bytes) {
    throw new NotEvidence(
      `its scrypt parameters are out of bounds (N up to 2^20, r ${MAX.r}, p ${MAX.p})`,
    );
  }
  return { N, r, p };
}

function isWithin(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max;
}

async function derive(
  password: string,
  salt: Uint8Array,
  { N, r, p }: Parameters,
): Promise<Uint8Array> {
  const run = promisify<string, Uint8Array, number, object, Buffer>(scrypt);
  return run(password, salt, 32, { N, r, p, maxmem: 160 * N * r + ROOM });
}
