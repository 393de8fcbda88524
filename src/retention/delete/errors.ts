import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { shortDigest, type Digest } from '../../oci/digest.ts';
import type { Attached, IndexAbove } from '../above.ts';

const SHOWN = 20;

/** "the tags a, b and 3 more" */
export function formatTagNames(tags: readonly string[]): string {
  return `the ${tags.length === 1 ? 'tag' : 'tags'} ${formatNames(tags)}`;
}

function formatNames(names: readonly string[]): string {
  const more = names.length - SHOWN;
  const shown = names.slice(0, SHOWN).map(sanitize).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** "2 referrers (1a2b3c4d5e6f, 7a8b9c0d1e2f)" */
export function formatReferrers(referrers: readonly Attached[]): string {
  const names = formatNames(referrers.map(({ digest }) => shortDigest(digest)));
  return `${referrers.length} ${referrers.length === 1 ? 'referrer' : 'referrers'} (${names})`;
}

export function sharedError(
  name: string,
  digest: Digest,
  siblings: readonly string[],
  indexes: readonly IndexAbove[],
): AppError {
  const listed = indexes.length === 0 ? '' : `; ${describeIndexes(indexes)}`;
  return new AppError(
    'TAG_SHARED',
    `cannot delete ${name}: its digest also has ${formatTagNames(siblings)}${listed}`,
    {
      hint: 'Remove only this tag with --untag, or delete the digest with all its tags with --force.',
      details: { digest, tags: siblings, indexes: indexes.map((one) => one.digest) },
    },
  );
}

export function listedError(
  name: string,
  digest: Digest,
  indexes: readonly IndexAbove[],
): AppError {
  return new AppError('MANIFEST_LISTED', `cannot delete ${name}: ${describeIndexes(indexes)}`, {
    hint: 'Delete the index instead, or break it with --force.',
    details: { digest, indexes: indexes.map((one) => one.digest) },
  });
}

function describeIndexes(indexes: readonly IndexAbove[]): string {
  const tags = [...new Set(indexes.flatMap((one) => one.tags))];
  const many = indexes.length > 1;
  return `${many ? `${indexes.length} indexes list` : 'an index lists'} it, with ${formatTagNames(tags)}`;
}
