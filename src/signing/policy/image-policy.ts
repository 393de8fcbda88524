import { dirname, resolve } from 'node:path';
import { readTextFile } from '../../config/files/text.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Location } from '../../transports/types.ts';
import { readPublicKey, trustKeys } from '../keys/public.ts';
import { trustAny, trustIdentities } from '../keyless/trust.ts';
import type { Trusted } from '../types.ts';
import type { ImagePolicy, ImageRule } from './image-policy-file.ts';
import type { JudgedImage } from './judged-image.ts';
import { requireSigned } from './require-signed.ts';

/**
 * Judges an image by the first rule whose patterns match its name. An image without a rule is
 * refused.
 * @throws AppError POLICY_REJECTED, CONFIG_INVALID for a key; whatever prevents looking
 */
export async function requireImagePolicy(policy: ImagePolicy, image: JudgedImage): Promise<void> {
  const name = nameOf(image.location);
  const rule = policy.rules.find(({ images }) => images.some((pattern) => pattern.test(name)));
  const where = `${policy.file}, ${rule === undefined ? 'no rule' : `line ${rule.line}`}`;
  if (rule === undefined || rule.accept === false) {
    const cause =
      rule === undefined
        ? 'no rule of the trust policy is about it'
        : 'the trust policy rejects it';
    throw new AppError('POLICY_REJECTED', `cannot trust ${image.location.text}: ${cause}`, {
      why: [where],
      details: { policy: policy.file, image: image.location.text },
    });
  }
  if (rule.accept === true) return;
  const verdicts = await image.verdicts(await trustedOf(policy, rule));
  requireSigned(image, verdicts, where, rule.signatures);
}

/** What patterns match: the repository, or the place outside registries. */
function nameOf({ scheme, name }: Location): string {
  return scheme === 'docker' ? name : `${scheme}:${name}`;
}

/** Paths are relative to the file that names them. */
async function trustedOf(
  { file }: ImagePolicy,
  { keys, identities, trustedRoot }: ImageRule,
): Promise<Trusted> {
  const read = async (path: string, what: string): Promise<string> => {
    const found = await readTextFile(resolve(dirname(file), path));
    if (found !== undefined) return found.text;
    throw new AppError('CONFIG_INVALID', `cannot read the ${what} ${path}: it does not exist`, {
      why: [file],
      hint: 'Write its path relative to the trust policy.',
    });
  };
  const trusted: Trusted[] = [];
  if (keys.length > 0) {
    const opened = keys.map(async (path) => readPublicKey(await read(path, 'key'), path));
    trusted.push(trustKeys(await Promise.all(opened)));
  }
  if (trustedRoot !== undefined) {
    const text = await read(trustedRoot, 'trusted root');
    trusted.push(await trustIdentities(identities, { text, file: trustedRoot }));
  }
  return trustAny(trusted);
}
