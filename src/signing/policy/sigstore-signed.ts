import { resolve } from 'node:path';
import type { KeySource, SigstoreSigned } from '../../config/containers/sigstore-signed.ts';
import { readTextFile } from '../../config/files/text.ts';
import { AppError } from '../../errors/app-error.ts';
import { readPublicKey, trustKeys, type PublicKey } from '../keys/public.ts';
import type { Verdict } from '../types.ts';
import { isIdentityAccepted } from './signed-identity.ts';
import type { JudgedImage } from './judged-image.ts';
import { requireRekor } from './rekor-entry.ts';

/**
 * Judges an image by `sigstoreSigned`: each image that is copied needs a signature by one of the
 * keys, for a name that `signedIdentity` accepts. Returns those that count and those that do not.
 * @throws AppError CONFIG_INVALID for a key
 */
export async function judgeSigstoreSigned(
  { keys, rekorKeys, identity }: SigstoreSigned,
  image: JudgedImage,
): Promise<readonly (readonly Verdict[])[]> {
  const read = (sources: readonly KeySource[]): Promise<readonly PublicKey[]> =>
    Promise.all(sources.map((source, i) => readKey(source, i, image)));
  const trusted = trustKeys(await read(keys));
  const rekor = await read(rekorKeys);
  const judged = await image.verdicts(rekor.length === 0 ? trusted : requireRekor(trusted, rekor));
  return judged.map((verdicts) =>
    verdicts.map((one) => {
      const reason = one.reason ?? identityReason(one, { keys, rekorKeys, identity }, image);
      return reason === undefined ? one : { ...one, reason };
    }),
  );
}

function identityReason(
  { form, repository }: Verdict,
  { identity }: Pick<SigstoreSigned, 'identity' | 'keys' | 'rekorKeys'>,
  { location, context }: JudgedImage,
): string | undefined {
  if (form !== 'simple') {
    if (identity !== undefined)
      return 'a bundle names no repository, which signedIdentity asks for';
    return context.acceptBundles
      ? undefined
      : 'a bundle names no repository (--policy-accept-bundles accepts it)';
  }
  if (isIdentityAccepted(identity, location, repository)) return undefined;
  return `it was made for ${repository ?? 'no name'}, which the policy does not accept for this image`;
}

async function readKey(source: KeySource, at: number, image: JudgedImage): Promise<PublicKey> {
  if ('data' in source) return readPublicKey(source.data, `${at + 1} of the policy`);
  const read = await readTextFile(resolve(image.context.cwd(), source.path));
  if (read !== undefined) return readPublicKey(read.text, source.path);
  throw new AppError('CONFIG_INVALID', `cannot read the key ${source.path}: it does not exist`, {
    hint: 'Correct its path in the trust policy.',
  });
}
