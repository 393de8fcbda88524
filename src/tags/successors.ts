import { compareNames, PRE_RELEASE_WORDS } from './order.ts';

/** The newer tags of the same kind in a repository; null if there is none. */
export interface Successors {
  /** Whether the tag is a version: "latest" and commits are not. */
  readonly version: boolean;
  readonly newest: string | null;
  /** The newest with the same first number; dates count as one major version. */
  readonly newestInMajor: string | null;
}

/** A parsed tag. Only tags of the same kind are compared. */
interface Version {
  /** The prefix "v" or none, the count of numbers, and the flavor ("-alpine3.20"). */
  readonly kind: string;
  readonly hasMajor: boolean;
  readonly numbers: readonly bigint[];
  readonly pre: { readonly word: string; readonly numbers: readonly bigint[] } | undefined;
  /** Counters at the end: 17.0.9_9, -r25, -ls181. */
  readonly builds: readonly bigint[];
}

/** Moving tags: suggested only for a tag with the same word. */
const MOVING: ReadonlySet<string> = new Set(['snapshot', 'nightly', 'dev', 'canary']);

/**
 * Finds newer tags than `current` in `tags`. A pre-release is suggested only for one with the same
 * numbers.
 */
export function findSuccessors(current: string, tags: Iterable<string>): Successors {
  const now = parseVersion(current);
  if (now === undefined) return { version: false, newest: null, newestInMajor: null };
  const better: Candidate[] = [];
  for (const tag of tags) {
    const version = parseVersion(tag);
    if (version?.kind !== now.kind || compareParsed(version, now) <= 0) continue;
    if (isOffered(version, now)) better.push({ tag, version });
  }
  const [major] = now.numbers;
  const same = better.filter(({ version }) => !now.hasMajor || version.numbers[0] === major);
  return { version: true, newest: best(better), newestInMajor: best(same) };
}

interface Candidate {
  readonly tag: string;
  readonly version: Version;
}

function isOffered({ numbers, pre }: Version, now: Version): boolean {
  if (pre === undefined) return true;
  if (now.pre === undefined || compareLists(numbers, now.numbers) !== 0) return false;
  return !MOVING.has(pre.word) || pre.word === now.pre.word;
}

const plain = (tag: string): number => (tag.includes('_') ? 0 : 1);

/** The highest version; among equal ones, without build metadata, then the last by name. */
function best(candidates: readonly Candidate[]): string | null {
  const ranked = candidates.toSorted(
    (a, b) =>
      compareParsed(a.version, b.version) ||
      plain(a.tag) - plain(b.tag) ||
      compareNames(a.tag, b.tag),
  );
  return ranked.at(-1)?.tag ?? null;
}

function compareParsed(a: Version, b: Version): number {
  return (
    compareLists(a.numbers, b.numbers) ||
    Number(a.pre === undefined) - Number(b.pre === undefined) ||
    compareNames(a.pre?.word ?? '', b.pre?.word ?? '') ||
    compareLists(a.pre?.numbers ?? [], b.pre?.numbers ?? []) ||
    compareLists(a.builds, b.builds)
  );
}

function compareLists(a: readonly bigint[], b: readonly bigint[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const [left = 0n, right = 0n] = [a[i], b[i]];
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

const COMMIT = /^(?=.*[a-f])[0-9a-f]{7,40}$/u;
const DAY = /^(\d{4})-(\d\d)-(\d\d)(?![\d.])(.*)$/u;
const NUMBERS = /^(v?)(\d+(?:\.\d+)*)(.*)$/u;
const PRE = new RegExp(
  `^[-._]?(${PRE_RELEASE_WORDS})(?=[\\d._-]|$)[-._]?(\\d+(?:\\.\\d+)*)?(?=[-_+]|$)`,
  'iu',
);
const BUILD = /^_([0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*)(?=-|$)/u;
const COUNTER = /^\d{1,5}(?:\.\d{1,5})*$/u;
const REVISION = /^(.*)-(r|ls)(\d+)$/u;
const YEAR_MONTH_DAY = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/u;
/** A number with this many digits is a date, build or commit, and not a major version. */
const LONG_NUMBER = 6;

function parseVersion(tag: string): Version | undefined {
  if (COMMIT.test(tag)) return undefined;
  const day = DAY.exec(tag);
  if (day !== null) {
    const [, year = '', month = '', date = '', rest = ''] = day;
    const numbers = [year, month, date].map(BigInt);
    return { kind: `date ${rest}`, hasMajor: false, numbers, pre: undefined, builds: [] };
  }
  const match = NUMBERS.exec(tag);
  if (match === null) return undefined;
  const [, v = '', written = '', tail = ''] = match;
  const numbers = written.split('.').map(BigInt);
  const found = parsePre(tail);
  let rest = tail.slice(found?.length ?? 0);
  const build = BUILD.exec(rest);
  rest = rest.slice(build?.[0].length ?? 0);
  const revision = REVISION.exec(rest);
  if (revision !== null) rest = `${revision[1]}-${revision[2]}`;
  if (!/^(?:-[0-9A-Za-z]|$)/u.test(rest)) return undefined;
  const counter = build?.[1] !== undefined && COUNTER.test(build[1]) ? build[1] : '';
  const size = sizeOf(numbers.length, written);
  return {
    kind: [v, numbers.length, size, counter !== '', rest.toLowerCase()].join(' '),
    hasMajor: size === 'plain',
    numbers,
    pre: found?.pre,
    builds: (`${counter} ${revision?.[3] ?? ''}`.match(/\d+/gu) ?? []).map(BigInt),
  };
}

/** One letter is a pre-release only before a number: "1.2-a" is a flavor, "1.2a1" is not. */
function parsePre(tail: string): { pre: NonNullable<Version['pre']>; length: number } | undefined {
  const [whole, word, numbers] = PRE.exec(tail) ?? [];
  if (whole === undefined || word === undefined) return undefined;
  if (word.length === 1 && numbers === undefined) return undefined;
  const pre = { word: word.toLowerCase(), numbers: (numbers ?? '0').split('.').map(BigInt) };
  return { pre, length: whole.length };
}

function sizeOf(count: number, written: string): 'plain' | 'date' | 'number' {
  if (count > 1 || written.length < LONG_NUMBER) return 'plain';
  return YEAR_MONTH_DAY.test(written) ? 'date' : 'number';
}
