/**
 * A version in skopeo's constraints (github.com/Masterminds/semver v3.4 and v3.5): `,` or a space
 * is AND, `||` is OR; a pre-release matches only if its OR group contains one.
 */
interface Version {
  readonly parts: readonly [bigint, bigint, bigint];
  readonly prerelease: string;
}

interface Constraint {
  readonly operator: string;
  readonly version: Version;
  /** The first part that is not given in `*`, `1` or `1.2`; undefined for a full version. */
  readonly open: 'major' | 'minor' | 'patch' | undefined;
}

const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const TAIL = `(?:-(${IDENTIFIERS}))?(?:\\+(?:${IDENTIFIERS}))?`;
const VERSION = new RegExp(`^v?([0-9]+)(?:\\.([0-9]+))?(?:\\.([0-9]+))?${TAIL}$`, 'u');

const PART = '[0-9xX*|]+';
const WILD = `v?(?:${PART})(?:\\.(?:${PART}))?(?:\\.(?:${PART}))?(?:-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?`;
const OPERATOR = '(?:!=|>=|=>|<=|=<|~>|=|>|<|~|\\^)?';
/** Go's \s, which is ASCII. */
const SPACE = '[\\t\\n\\f\\r ]';
const ONE = `${OPERATOR}${SPACE}*${WILD}`;
const GROUP = new RegExp(
  `^${SPACE}*${ONE}${SPACE}*(?:(?:${SPACE}+|,${SPACE}*)${ONE}${SPACE}*)*$`,
  'u',
);
const HYPHEN = new RegExp(`${SPACE}*(${WILD})${SPACE}+-${SPACE}+(${WILD})${SPACE}*`, 'gu');
const CONSTRAINT = new RegExp(
  `^(${OPERATOR})${SPACE}*v?(${PART})(?:\\.(${PART}))?(?:\\.(${PART}))?${TAIL}$`,
  'u',
);

const MAX_PART = 2n ** 64n - 1n;
const MAX_VERSION = 256;
const MAX_CONSTRAINT = 512;
const MAX_GROUPS = 32;

function parseVersion(text: string): Version | undefined {
  const match = text.length > MAX_VERSION ? null : VERSION.exec(text);
  if (match === null) return undefined;
  const [, major = '0', minor = '0', patch = '0', prerelease = ''] = match;
  const parts = [BigInt(major), BigInt(minor), BigInt(patch)] as const;
  if (parts.some((part) => part > MAX_PART)) return undefined;
  if (prerelease.split('.').some((one) => /^0\d+$/u.test(one))) return undefined;
  return { parts, prerelease };
}

function compareVersions(a: Version, b: Version): number {
  for (const i of [0, 1, 2] as const) {
    if (a.parts[i] !== b.parts[i]) return a.parts[i] < b.parts[i] ? -1 : 1;
  }
  if (a.prerelease === b.prerelease) return 0;
  if (a.prerelease === '') return 1;
  if (b.prerelease === '') return -1;
  const [left, right] = [a.prerelease.split('.'), b.prerelease.split('.')];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const order = compareIdentifiers(left[i] ?? '', right[i] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

/** Compares numbers by value and before text; text byte by byte. */
function compareIdentifiers(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '' || b === '') return a === '' ? -1 : 1;
  const [n, m] = [numberOf(a), numberOf(b)];
  if (n !== undefined && m !== undefined) return n < m ? -1 : 1;
  if (n !== undefined || m !== undefined) return n === undefined ? 1 : -1;
  return a < b ? -1 : 1;
}

function numberOf(text: string): bigint | undefined {
  const value = /^\d+$/u.test(text) ? BigInt(text) : undefined;
  return value === undefined || value > MAX_PART ? undefined : value;
}

const isWild = (part: string | undefined): boolean =>
  part === undefined || part === 'x' || part === 'X' || part === '*';

/** @throws Error */
function parseConstraint(text: string): Constraint {
  const match = CONSTRAINT.exec(text);
  const [, operator = '', major, minor, patch, prerelease] = match ?? [];
  const open = isWild(major)
    ? 'major'
    : isWild(minor)
      ? 'minor'
      : isWild(patch)
        ? 'patch'
        : undefined;
  const known = { major: 0, minor: 1, patch: 2, none: 3 }[open ?? 'none'];
  const numbers = [major, minor, patch].map((part, i) => (i < known ? part : '0'));
  const tail = prerelease === undefined ? '' : `-${prerelease}`;
  const version = match === null ? undefined : parseVersion(`${numbers.join('.')}${tail}`);
  if (version === undefined) throw new Error(`"${text}" is no constraint`);
  return { operator, version, open };
}

type Check = (order: number, version: Version, constraint: Constraint) => boolean;

/** ~1.2.3 is >=1.2.3 <1.3.0, ~1 is >=1 <2; ~0.0.0 and ~* have no upper limit. */
const tilde: Check = (order, { parts: v }, { version: { parts: c }, open }) => {
  if (order < 0) return false;
  const isZero = c.every((part) => part === 0n);
  if (isZero && open !== 'minor' && open !== 'patch') return true;
  return v[0] === c[0] && (v[1] === c[1] || open === 'minor');
};

/** ^1.2.3 is >=1.2.3 <2.0.0, ^0.2.3 is <0.3.0, ^0.0.3 is <0.0.4. */
const caret: Check = (order, { parts: v }, { version: { parts: c }, open }) => {
  if (order < 0 || v[0] !== c[0]) return false;
  if (c[0] > 0n || open === 'minor') return true;
  if (v[1] !== c[1]) return false;
  return c[1] > 0n || open === 'patch' || v[2] === c[2];
};

const equal: Check = (order, version, constraint) =>
  constraint.open === undefined ? order === 0 : tilde(order, version, constraint);

const notEqual: Check = (order, { parts: v, prerelease }, { version, open }) => {
  const { parts: c } = version;
  if (open === undefined) return order !== 0;
  if (v[0] !== c[0]) return true;
  if (open === 'minor') return false;
  if (v[1] !== c[1]) return true;
  if (open === 'patch') return prerelease !== version.prerelease;
  return v[2] !== c[2] || order !== 0;
};

const greater: Check = (order, { parts: v }, { version: { parts: c }, open }) => {
  if (open === undefined || open === 'major') return order > 0;
  if (v[0] !== c[0]) return v[0] > c[0];
  return open === 'patch' && v[1] > c[1];
};

const atMost: Check = (order, { parts: v }, { version: { parts: c }, open }) => {
  if (open === undefined) return order <= 0;
  if (v[0] !== c[0]) return v[0] < c[0];
  return open === 'minor' || v[1] <= c[1];
};

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['', equal],
  ['=', equal],
  ['!=', notEqual],
  ['>', greater],
  ['<', (order) => order < 0],
  ['>=', (order) => order >= 0],
  ['=>', (order) => order >= 0],
  ['<=', atMost],
  ['=<', atMost],
  ['~', tilde],
  ['~>', tilde],
  ['^', caret],
]);

/** Parses skopeo's `images-by-semver`. @throws Error that names what is invalid */
export function mastermindsRange(text: string): (tag: string) => boolean {
  if (text.length > MAX_CONSTRAINT) throw new Error('the constraint is too long');
  const groups = text.replace(HYPHEN, '>= $1, <= $2 ').split('||');
  if (groups.length > MAX_GROUPS) throw new Error('the constraint has too many alternatives');
  const all = groups.map((group) => {
    if (!GROUP.test(group)) throw new Error(`"${group.trim()}" is no constraint`);
    return (group.match(new RegExp(ONE, 'gu')) ?? []).map(parseConstraint);
  });
  return (tag) => {
    const version = parseVersion(tag);
    if (version === undefined) return false;
    return all.some((group) => {
      const named = group.some((one) => one.version.prerelease !== '');
      if (version.prerelease !== '' && !named) return false;
      return group.every((one) => {
        const order = compareVersions(version, one.version);
        return CHECKS.get(one.operator)?.(order, version, one) === true;
      });
    });
  };
}
