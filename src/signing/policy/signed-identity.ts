import type { SignedIdentity } from '../../config/containers/sigstore-signed.ts';
import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import { formatReference, formatRepository, withDefaultTag } from '../../reference/format.ts';
import { parseReference } from '../../reference/parse.ts';
import type { Reference } from '../../reference/types.ts';
import type { Location } from '../../transports/types.ts';

const DEFAULT: SignedIdentity = { type: 'matchRepoDigestOrExact' };

/**
 * Whether the name in a signature is accepted for an image (containers-policy.json(5)
 * "signedIdentity"). Images outside registries have no name, so only exact rules match.
 */
export function isIdentityAccepted(
  identity: SignedIdentity = DEFAULT,
  image: Pick<Location, 'scheme' | 'name' | 'ref' | 'tag'>,
  signed: string | undefined,
): boolean {
  const found = signed === undefined ? undefined : parse(signed);
  if (found === undefined) return false;
  if (identity.type === 'exactReference') {
    return isExact(found, parse(identity.dockerReference));
  }
  if (identity.type === 'exactRepository') {
    return isSameRepository(found, parse(identity.dockerRepository));
  }
  const wanted = image.scheme === 'docker' ? referenceOf(image) : undefined;
  if (wanted === undefined) return false;
  switch (identity.type) {
    case 'matchExact':
      return isExact(found, wanted);
    case 'matchRepository':
      return isSameRepository(found, wanted);
    case 'matchRepoDigestOrExact':
      return isRepoDigestOrExact(found, wanted);
    case 'remapIdentity':
      return isRepoDigestOrExact(found, remapped(wanted, identity.prefix, identity.signedPrefix));
  }
}

function referenceOf({
  name,
  ref,
  tag,
}: Pick<Location, 'name' | 'ref' | 'tag'>): Reference | undefined {
  const repository = parse(name);
  if (repository === undefined) return undefined;
  const digest = ref !== undefined && isDigest(ref) ? { digest: ref } : {};
  return withDefaultTag({ ...repository, ...(tag === undefined ? {} : { tag }), ...digest });
}

function isRepoDigestOrExact(found: Reference, wanted: Reference | undefined): boolean {
  if (wanted === undefined || isNameOnly(found)) return false;
  return wanted.tag === undefined ? isSameRepository(found, wanted) : isExact(found, wanted);
}

function isExact(found: Reference, wanted: Reference | undefined): boolean {
  if (wanted === undefined || isNameOnly(found)) return false;
  return formatReference(found) === formatReference(wanted);
}

function isSameRepository(found: Reference, wanted: Reference | undefined): boolean {
  return wanted !== undefined && formatRepository(found) === formatRepository(wanted);
}

function isNameOnly({ tag, digest }: Reference): boolean {
  return tag === undefined && digest === undefined;
}

/** The image under the name that it was signed by: the prefix replaced, at a "/" or the end. */
function remapped(wanted: Reference, prefix: string, signedPrefix: string): Reference | undefined {
  const name = formatRepository(wanted);
  if (name !== prefix && !name.startsWith(`${prefix}/`)) return wanted;
  return parse(`${signedPrefix}${formatReference(wanted).slice(prefix.length)}`);
}

function parse(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
