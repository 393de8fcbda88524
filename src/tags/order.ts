/** Compares by code unit: the same on every machine, whatever its language. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Compares versions in natural order: runs of digits compare as numbers, a pre-release comes before
 * its release, and names that start like a version come after other names ("edge", "1.9", "1.10").
 */
export function compareVersions(a: string, b: string): number {
  const left = split(a);
  const right = split(b);
  if (left.isVersion !== right.isVersion) return left.isVersion ? 1 : -1;
  for (let i = 0; i < Math.max(left.numbers.length, right.numbers.length); i += 1) {
    const difference = compareNumbers(left.numbers[i] ?? '0', right.numbers[i] ?? '0');
    if (difference !== 0) return difference;
  }
  return compareSuffix(left.suffix, right.suffix) || compareNames(a, b);
}

/** Sorts by version, highest first. */
export function highestFirst(tags: readonly string[]): string[] {
  return tags.toSorted(compareVersions).toReversed();
}

interface VersionParts {
  readonly isVersion: boolean;
  readonly numbers: readonly string[];
  readonly suffix: string;
}

function split(tag: string): VersionParts {
  const match = /^v?(\d+(?:\.\d+)*)(.*)$/u.exec(tag);
  if (match === null) return { isVersion: false, numbers: [], suffix: tag };
  return { isVersion: true, numbers: (match[1] ?? '').split('.'), suffix: match[2] ?? '' };
}

/** Compares digits of any length: without leading zeros, the longer number is greater. */
function compareNumbers(a: string, b: string): number {
  const left = a.replace(/^0+(?=\d)/u, '');
  const right = b.replace(/^0+(?=\d)/u, '');
  return left.length === right.length ? compareNames(left, right) : left.length - right.length;
}

/** Words for a pre-release, if a number or nothing follows: 1.0-rc1, 2.0b2, 3.0-M1. */
export const PRE_RELEASE_WORDS =
  '(?:alpha|beta|rc|cr|pre|preview|dev|snapshot|nightly|canary|eap?|milestone|next|insiders?|unstable|experimental|incubating|a|b|m)';
const PRE_RELEASE_SUFFIX = new RegExp(`^[-._]?${PRE_RELEASE_WORDS}(?:[\\d._-]|$)`, 'iu');
const PRE_RELEASE = new RegExp(`^v?\\d+(?:\\.\\d+)*[-.]?${PRE_RELEASE_WORDS}(?:[\\d.-]|$)`, 'iu');

export function startsLikeVersion(tag: string): boolean {
  return split(tag).isVersion;
}

/** Whether a word for a pre-release follows the numbers; not for "1.2-alpine". */
export function isPrerelease(tag: string): boolean {
  return PRE_RELEASE.test(tag);
}

/** Pre-releases first, then the plain release, then flavors ("-alpine"). */
function rank(suffix: string): number {
  if (suffix === '') return 1;
  return PRE_RELEASE_SUFFIX.test(suffix) ? 0 : 2;
}

function compareSuffix(a: string, b: string): number {
  return rank(a) - rank(b) || compareNaturally(a, b);
}

function compareNaturally(a: string, b: string): number {
  const left = a.match(/\d+|\D+/gu) ?? [];
  const right = b.match(/\d+|\D+/gu) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const one = left[i] ?? '';
    const other = right[i] ?? '';
    const numeric = /^\d/u.test(one) && /^\d/u.test(other);
    const difference = numeric ? compareNumbers(one, other) : compareNames(one, other);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
