/**
 * A version as regsync compares it (regclient v0.11 internal/semver): any number of parts, and a
 * pre-release counts like any version.
 */
interface Version {
  readonly parts: readonly bigint[];
  readonly prerelease: string;
}

/** regsync stores parts as int64. */
const MAX_PART = 2n ** 63n - 1n;
const MIN_PART = -(2n ** 63n);

function parsePart(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/u.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/u, ''));
  return value > MAX_PART || value < MIN_PART ? undefined : value;
}

/** @throws Error that names the part */
function parseVersion(text: string): Version {
  const [rest = ''] = text.replace(/^v/u, '').split('+', 1);
  const dash = rest.indexOf('-');
  const numbers = dash < 0 ? rest : rest.slice(0, dash);
  const parts = numbers.split('.').map((part) => {
    const value = parsePart(part);
    if (value === undefined) throw new Error(`"${text}" is no version`);
    return value;
  });
  return { parts, prerelease: dash < 0 ? '' : rest.slice(dash + 1) };
}

const sign = <T extends bigint | number | string>(a: T, b: T): number =>
  a === b ? 0 : a < b ? -1 : 1;

function compare(a: Version, b: Version): number {
  for (let i = 0; i < Math.max(a.parts.length, b.parts.length); i += 1) {
    const order = sign(a.parts[i] ?? 0n, b.parts[i] ?? 0n);
    if (order !== 0) return order;
  }
  if (a.prerelease === b.prerelease) return 0;
  if (a.prerelease === '') return 1;
  if (b.prerelease === '') return -1;
  return comparePrereleases(a.prerelease.split('.'), b.prerelease.split('.'));
}

/** Compares runs of text and numbers in turn: rc2 comes before rc10. */
function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    let [left = '', right = ''] = [a[i], b[i]];
    while (left !== '' && right !== '') {
      const [one, other] = [splitNumber(left), splitNumber(right)];
      const heads = sign(one.head, other.head);
      if (heads !== 0) return heads;
      const [n, m] = [parsePart(one.digits), parsePart(other.digits)];
      // regsync ends the comparison at two equal texts without a number.
      if (n === undefined || m === undefined)
        return Number(n !== undefined) - Number(m !== undefined);
      if (n !== m) return sign(n, m);
      [left, right] = [one.tail, other.tail];
    }
    if (left !== '') return 1;
    if (right !== '') return -1;
  }
  return sign(a.length, b.length);
}

function splitNumber(text: string): { head: string; digits: string; tail: string } {
  const [, head = '', digits = '', tail = ''] = /^(\D*)(\d*)(.*)$/su.exec(text) ?? [];
  return { head, digits, tail };
}

type Bound = readonly [accepts: (order: number) => boolean, version: Version];

const OPERATORS: readonly (readonly [string, Bound[0]])[] = [
  ['>=', (order) => order >= 0],
  ['<=', (order) => order <= 0],
  ['>', (order) => order > 0],
  ['<', (order) => order < 0],
  ['=', (order) => order === 0],
  ['', (order) => order === 0],
];

const AT_LEAST = OPERATORS[0]?.[1] as Bound[0];
const BELOW = OPERATORS[3]?.[1] as Bound[0];

function boundsOf(word: string): readonly Bound[] {
  const kind = word[0];
  if (kind === '^' || kind === '~') {
    const lowest = parseVersion(word.slice(1));
    const [major = 0n, minor = 0n, patch = 0n] = lowest.parts;
    const end =
      kind === '~'
        ? [major, minor + 1n, 0n]
        : major > 0n
          ? [major + 1n, 0n, 0n]
          : minor > 0n
            ? [0n, minor + 1n, 0n]
            : [0n, 0n, patch + 1n];
    // In regsync, one past the largest number wraps around, and nothing is below it.
    const parts = end.map((part) => (part > MAX_PART ? MIN_PART : part));
    return [
      [AT_LEAST, lowest],
      [BELOW, { parts, prerelease: '' }],
    ];
  }
  const [operator, accepts] = OPERATORS.find(([one]) => word.startsWith(one)) ?? ['', BELOW];
  return [[accepts, parseVersion(word.slice(operator.length))]];
}

/**
 * Parses regsync's `semverRange`: all conditions must match.
 * @throws Error that names what is invalid
 */
export function regsyncRange(text: string): (tag: string) => boolean {
  const words = text.split(/\s+/u).filter((word) => word !== '');
  if (words.length === 0) throw new Error('a range is empty');
  const bounds = words.flatMap(boundsOf);
  return (tag) => {
    let version: Version;
    try {
      version = parseVersion(tag);
    } catch {
      return false;
    }
    return bounds.every(([accepts, bound]) => accepts(compare(version, bound)));
  };
}

/** Compares two versions in regsync's order. @throws Error if one is not a version */
export function compareRegsyncVersions(a: string, b: string): number {
  return compare(parseVersion(a), parseVersion(b));
}
