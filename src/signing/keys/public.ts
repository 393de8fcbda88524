import { createPublicKey, type KeyObject } from 'node:crypto';
import { AppError } from '../../errors/app-error.ts';
import { NotEvidence, type Signed, type Signer, type Trusted } from '../types.ts';
import { isSignedBy, keyHint, keyProblem } from './algorithms.ts';
import { firstPemBlock } from './pem.ts';

export interface PublicKey {
  /** For messages: the file. */
  readonly name: string;
  readonly key: KeyObject;
}

const LABELS: ReadonlySet<string> = new Set(['PUBLIC KEY', 'RSA PUBLIC KEY']);

/** Reads the first key of a PEM file, as cosign. @throws AppError CONFIG_INVALID */
export function readPublicKey(text: string, name: string): PublicKey {
  const block = firstPemBlock(text);
  if (block === undefined) throw invalid(name, 'it is not a PEM file');
  if (block.label.endsWith('PRIVATE KEY')) {
    throw invalid(name, 'it is a private key', 'Name the public key, such as cosign.pub.');
  }
  if (!LABELS.has(block.label)) throw invalid(name, `its PEM block is ${block.label}`);
  let key: KeyObject;
  try {
    key = createPublicKey(block.text);
  } catch {
    throw invalid(name, 'it is damaged');
  }
  const problem = keyProblem(key);
  if (problem !== undefined) throw invalid(name, problem);
  return { name, key };
}

/** Trusts any of these keys. */
export function trustKeys(keys: readonly PublicKey[]): Trusted {
  return {
    async signerOf({ content, signature }: Signed): Promise<Signer> {
      for (const { name, key } of keys) {
        if (await isSignedBy(key, content, signature))
          return { name: `key ${name}`, id: keyHint(key) };
      }
      const [only, ...others] = keys;
      throw new NotEvidence(
        others.length === 0
          ? `the key ${only?.name} did not sign it`
          : 'none of the keys signed it',
      );
    },
  };
}

function invalid(name: string, rule: string, hint?: string): AppError {
  return new AppError('CONFIG_INVALID', `cannot use the public key ${name}: ${rule}`, {
    hint: hint ?? 'Name a PEM file with a PUBLIC KEY, such as the cosign.pub of its signer.',
  });
}
