import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { parseDigest } from '../../src/oci/digest.ts';
import { isSignedBy, keyHint, signBytes } from '../../src/signing/keys/algorithms.ts';
import { writePemBlock } from '../../src/signing/keys/pem.ts';
import { readPrivateKey } from '../../src/signing/keys/private.ts';
import { readPublicKey, trustKeys } from '../../src/signing/keys/public.ts';
import { SIGNATURE_PREDICATE } from '../../src/signing/formats/types.ts';
import { judge } from '../../src/signing/verify/judge.ts';
import { readVectors } from './vectors.ts';

interface KeyCase {
  readonly id: string;
  readonly private: string;
  readonly password: string;
  readonly public?: string;
  readonly opened?: string;
  readonly hint?: string;
  readonly expected: { readonly opens: boolean; readonly why?: string; readonly heavy?: string };
}

interface SignatureCase {
  readonly id: string;
  readonly key: string;
  readonly form: 'bundle' | 'simple';
  readonly bundle?: string;
  readonly payload?: string;
  readonly signature?: string;
  readonly file?: string;
  readonly fileBase64?: string;
  readonly expected: { readonly counts: boolean };
}

const { image, keys, signatures, publicKeyFiles } = readVectors('keys.json') as {
  readonly image: { readonly digest: string };
  readonly keys: readonly KeyCase[];
  readonly signatures: readonly SignatureCase[];
  readonly publicKeyFiles: readonly SignatureCase[];
};

async function codeOf(action: () => Promise<unknown>): Promise<unknown> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return error instanceof AppError ? error.code : error;
  }
}

describe('private keys', () => {
  // One GiB and some seconds for the largest that is taken: only its bounds are tested below.
  test.each(
    keys
      .filter(({ expected }) => expected.heavy === undefined)
      .map((one) => [one.id, one] as const),
  )('%s', async (_id, { private: text, password, opened, public: publicKey, hint, expected }) => {
    const open = () => readPrivateKey(text, 'k', async () => password);
    if (!expected.opens) {
      expect(await codeOf(open)).toBe('CONFIG_INVALID');
      return;
    }
    const key = await open();
    if (opened !== undefined) expect(key.equals(createPrivateKey(opened))).toBe(true);
    if (publicKey === undefined) return;
    expect(createPublicKey(key).equals(createPublicKey(publicKey))).toBe(true);
    expect(keyHint(createPublicKey(key))).toBe(hint);
  });

  test('a file that asks for too much memory is refused before it is computed', async () => {
    const { private: text } = keys.find(({ id }) => id === 'file-n-2-21') ?? { private: '' };
    const started = process.cpuUsage();
    await expect(readPrivateKey(text, 'k', async () => '')).rejects.toThrow(/out of bounds/u);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(1);
  });

  test.each([
    ['small ones', { N: 2, r: 1, p: 4 }, /password is wrong/u],
    ['what OpenSSL refuses', { N: 65_536, r: 1, p: 1 }, /out of bounds/u],
    ['two that are too large together', { N: 2 ** 20, r: 16, p: 1 }, /out of bounds/u],
    ['a fraction', { N: 1024, r: 1.5, p: 1 }, /out of bounds/u],
  ])('parameters of scrypt: %s', async (_case, params, reason) => {
    const text = JSON.stringify({
      kdf: { name: 'scrypt', params, salt: 'AAAA' },
      cipher: { name: 'nacl/secretbox', nonce: Buffer.alloc(24).toString('base64') },
      ciphertext: Buffer.alloc(64).toString('base64'),
    });
    const pem = writePemBlock('ENCRYPTED SIGSTORE PRIVATE KEY', Buffer.from(text));
    await expect(readPrivateKey(pem, 'k', async () => '')).rejects.toThrow(reason);
  });

  test('the password of a plain key is not asked for', async () => {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    const ask = (): Promise<string> => Promise.reject(new Error('asked'));
    await expect(readPrivateKey(String(pem), 'k', ask)).resolves.toBeDefined();
  });
});

async function countsFor(pem: string, one: SignatureCase): Promise<boolean> {
  const subject = parseDigest(image.digest);
  const known = { digest: subject, subject };
  const found =
    one.bundle === undefined
      ? {
          ...known,
          form: 'simple' as const,
          bytes: Buffer.from(one.payload ?? ''),
          signature: one.signature,
        }
      : { ...known, form: 'bundle' as const, bytes: Buffer.from(one.bundle) };
  const demand = { predicateType: SIGNATURE_PREDICATE };
  const { reason } = await judge(found, demand, trustKeys([readPublicKey(pem, 'k')]));
  return reason === undefined;
}

describe('signatures of every kind of key', () => {
  const publicOf = new Map(keys.map((one) => [one.id, one.public ?? '']));
  test.each(signatures.map((one) => [one.id, one] as const))('%s', async (_id, one) => {
    expect(await countsFor(publicOf.get(one.key) ?? '', one)).toBe(one.expected.counts);
  });
});

describe('files of public keys', () => {
  test.each(publicKeyFiles.map((one) => [one.id, one] as const))('%s', async (_id, one) => {
    const text = one.file ?? Buffer.from(one.fileBase64 ?? '', 'base64').toString('latin1');
    if (one.expected.counts) expect(await countsFor(text, one)).toBe(true);
    else expect(await codeOf(async () => readPublicKey(text, 'k'))).toBe('CONFIG_INVALID');
  });

  test('weak and unusual keys are refused', async () => {
    for (const { publicKey } of [
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      generateKeyPairSync('ed448'),
    ]) {
      const pem = String(publicKey.export({ type: 'spki', format: 'pem' }));
      expect(() => readPublicKey(pem, 'k')).toThrow(/cannot use the public key k/u);
    }
  });
});

test('what is signed with a key is signed by it, and by no other', async () => {
  for (const make of [
    () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    () => generateKeyPairSync('ed25519'),
  ]) {
    const { privateKey, publicKey } = make();
    const content = Buffer.from('content');
    const signature = signBytes(privateKey, content);
    expect(await isSignedBy(publicKey, content, signature)).toBe(true);
    expect(await isSignedBy(publicKey, Buffer.from('other'), signature)).toBe(false);
    expect(await isSignedBy(make().publicKey, content, signature)).toBe(false);
  }
});
