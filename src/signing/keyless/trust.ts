import { AppError } from '../../errors/app-error.ts';
import { isRecord } from '../../util/json.ts';
import { NotEvidence, type Trusted } from '../types.ts';
import { openRoots, verifyByCertificate, wordsOf, type Root } from './certificate.ts';
import { identityMatcher, type IdentityRule } from './identity.ts';
import { readTrustedRoots } from './trusted-root.ts';

/**
 * Trusts certificates of these identities that hold under the roots of a file.
 * @throws AppError USAGE for a rule, CONFIG_INVALID for the roots
 */
export async function trustIdentities(
  rules: readonly IdentityRule[],
  root: { readonly text: string; readonly file: string },
): Promise<Trusted> {
  const matchers = await Promise.all(rules.map(identityMatcher));
  const roots = await open(root);
  return {
    async signerOf({ bundle }) {
      if (!isRecord(bundle)) {
        throw new NotEvidence('certificates are verified only in bundles, which it is not');
      }
      const { name, issuer, time } = await verifyByCertificate(bundle, roots);
      const id = issuer === '' ? name : `${name} (${issuer})`;
      if (matchers.some((isTrusted) => isTrusted({ name, issuer }))) return { name: id, id, time };
      throw new NotEvidence(`its certificate is that of ${id}`);
    },
  };
}

async function open({ text, file }: { text: string; file: string }): Promise<readonly Root[]> {
  try {
    return await openRoots(readTrustedRoots(text, file));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('CONFIG_INVALID', `cannot use the trusted root ${file}: it is damaged`, {
      why: [wordsOf(error)],
    });
  }
}

/** Trusts whom one of several trusts. */
export function trustAny(all: readonly Trusted[]): Trusted {
  return {
    async signerOf(signed) {
      const reasons: string[] = [];
      for (const one of all) {
        try {
          return await one.signerOf(signed);
        } catch (error) {
          if (!(error instanceof NotEvidence)) throw error;
          reasons.push(error.message);
        }
      }
      throw new NotEvidence(reasons.join('; '));
    },
  };
}
