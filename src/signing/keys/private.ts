import { createPrivateKey, type KeyObject } from 'node:crypto';
import { AppError } from '../../errors/app-error.ts';
import { NotEvidence } from '../types.ts';
import { keyProblem } from './algorithms.ts';
import { openEncrypted } from './encrypted.ts';
import { firstPemBlock, type PemBlock } from './pem.ts';

/** cosign's labels; the second is that of cosign 1. */
const ENCRYPTED: ReadonlySet<string> = new Set([
  'ENCRYPTED SIGSTORE PRIVATE KEY',
  'ENCRYPTED COSIGN PRIVATE KEY',
]);
const PLAIN: ReadonlySet<string> = new Set(['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY']);

/**
 * Reads a private key: cosign's encrypted form, PKCS #8, SEC 1 or PKCS #1. `password` is called only
 * for an encrypted one.
 * @throws AppError CONFIG_INVALID
 */
export async function readPrivateKey(
  text: string,
  name: string,
  password: () => Promise<string>,
): Promise<KeyObject> {
  const block = firstPemBlock(text);
  try {
    if (block === undefined) throw new NotEvidence('it is not a PEM file');
    const key = await open(block, password);
    const problem = keyProblem(key);
    if (problem !== undefined) throw new NotEvidence(problem);
    return key;
  } catch (error) {
    if (!(error instanceof NotEvidence)) throw error;
    throw new AppError('CONFIG_INVALID', `cannot use the key ${name}: ${error.message}`, {
      hint: 'Name a private key of cosign, or one in PKCS #8. Make one: regctl key generate',
    });
  }
}

async function open(block: PemBlock, password: () => Promise<string>): Promise<KeyObject> {
  if (ENCRYPTED.has(block.label)) {
    const opened = await openEncrypted(block.bytes, await password());
    return create({ key: Buffer.from(opened), format: 'der', type: 'pkcs8' });
  }
  if (PLAIN.has(block.label)) return create(block.text);
  throw new NotEvidence(`its PEM block is ${block.label}`);
}

function create(input: Parameters<typeof createPrivateKey>[0]): KeyObject {
  try {
    return createPrivateKey(input);
  } catch {
    throw new NotEvidence('there is no private key in it');
  }
}
