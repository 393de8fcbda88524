import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import { formatPlatform, matchesPlatform, parsePlatform } from '../../oci/platform.ts';
import { isAttestation } from '../../store/index-entries.ts';
import { aboutOf } from '../proofs.ts';
import { imagesOf, type IndexChild } from './children.ts';

/**
 * The children that stay when `words` are removed: platforms with their attestations, digests, or
 * `unknown/unknown` for all attestations.
 * @throws AppError MANIFEST_UNKNOWN, PLATFORM_UNKNOWN for what is not there
 */
export function withoutChildren(
  children: readonly IndexChild[],
  words: readonly string[],
  where: string,
): readonly IndexChild[] {
  const gone = new Set(words.flatMap((word) => found(children, word, where)));
  const digests = new Set<string>([...gone].map(({ descriptor }) => descriptor.digest));
  return children.filter((one) => !gone.has(one) && !digests.has(aboutOf(one.descriptor) ?? ''));
}

function found(
  children: readonly IndexChild[],
  word: string,
  where: string,
): readonly IndexChild[] {
  if (isDigest(word)) {
    const matching = children.filter(({ descriptor }) => descriptor.digest === word);
    if (matching.length > 0) return matching;
    throw new AppError('MANIFEST_UNKNOWN', `cannot remove ${word}: ${where} does not list it`, {
      hint: `List what it has: regctl inspect ${where}`,
    });
  }
  const platform = parsePlatform(word);
  const images = imagesOf(children);
  const matching =
    platform.os === 'unknown'
      ? children.filter(({ descriptor }) => isAttestation(descriptor))
      : images.filter(
          (one) => one.platform !== undefined && matchesPlatform(platform, one.platform),
        );
  if (matching.length > 0) return matching;
  const names = images.flatMap((one) =>
    one.platform === undefined ? [] : formatPlatform(one.platform),
  );
  throw new AppError('PLATFORM_UNKNOWN', `cannot remove ${word}: ${where} does not have it`, {
    hint: `Available platforms: ${names.join(', ')}.`,
  });
}
