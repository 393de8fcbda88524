import { createMatcher } from '../retention/patterns.ts';
import { createNameFilter } from '../tags/filter.ts';
import { compileRe2, type Re2 } from '../util/text/re2.ts';
import { mastermindsRange } from './versions/masterminds.ts';
import { regsyncRange } from './versions/regsync.ts';

export type Keeps = (name: string) => boolean;

/** RE2 patterns; an empty `allow` list keeps all names. */
export interface NameSet {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/** Selects tags; every condition has to match. */
export interface TagSet extends NameSet {
  /** Ranges in regsync's syntax; one has to match. */
  readonly semverRange?: readonly string[] | undefined;
  /** A constraint in skopeo's syntax. */
  readonly semver?: string | undefined;
  /** skopeo's pattern, which matches anywhere. */
  readonly regex?: string | undefined;
}

/**
 * `whole` is `^(?:p)$`, which matches the whole name. regsync 0.11 omits the group, so that
 * `latest|edge` also matches "latest-x" and "my-edge"; `loose` is that reading.
 */
interface Anchored {
  readonly whole: Re2;
  readonly loose: Re2 | undefined;
}

async function anchored(pattern: string): Promise<Anchored> {
  const whole = await compileRe2(`^(?:${pattern})$`);
  // Only an alternative outside a group differs.
  if (!pattern.includes('|')) return { whole, loose: undefined };
  return { whole, loose: await compileRe2(`^${pattern}$`).catch(() => undefined) };
}

/** An invalid pattern, with its key in the file. */
export class PatternError extends Error {
  readonly key: string;

  constructor(key: string, pattern: string, cause: unknown) {
    const rule =
      cause instanceof Error ? cause.message.replace(/^error parsing regexp: /u, '') : '';
    super(`"${pattern}" cannot be read: ${rule}`, { cause });
    this.key = key;
  }
}

async function readAll<T>(
  key: string,
  texts: readonly string[],
  read: (text: string) => T | Promise<T>,
): Promise<T[]> {
  return Promise.all(
    texts.map(async (text, i) => {
      try {
        return await read(text);
      } catch (error) {
        throw new PatternError(`${key}[${i}]`, text, error);
      }
    }),
  );
}

export interface Selection {
  readonly keeps: Keeps;
  /** What regsync chooses, because it does not group its patterns. */
  readonly loose: Keeps | undefined;
}

/** @throws PatternError */
export async function selectNames({ allow = [], deny = [] }: NameSet): Promise<Selection> {
  const allowed = await readAll('allow', allow, anchored);
  const denied = await readAll('deny', deny, anchored);
  const keepsBy =
    (way: (one: Anchored) => Re2): Keeps =>
    (name) =>
      (allowed.length === 0 || allowed.some((one) => way(one).find(name))) &&
      !denied.some((one) => way(one).find(name));
  const differs = [...allowed, ...denied].some(({ loose }) => loose !== undefined);
  return {
    keeps: keepsBy(({ whole }) => whole),
    loose: differs ? keepsBy(({ whole, loose }) => loose ?? whole) : undefined,
  };
}

/** @throws PatternError */
async function selectSet(set: TagSet): Promise<Selection> {
  const names = await selectNames(set);
  const ranges = await readAll(
    'semverRange',
    (set.semverRange ?? []).filter((range) => range !== ''),
    regsyncRange,
  );
  const [constraint] = await readAll(
    'semver',
    set.semver === undefined ? [] : [set.semver],
    mastermindsRange,
  );
  const [pattern] = await readAll('regex', set.regex === undefined ? [] : [set.regex], compileRe2);
  const inRange: Keeps = (tag) =>
    (ranges.length === 0 || ranges.some((range) => range(tag))) &&
    (constraint === undefined || constraint(tag)) &&
    (pattern === undefined || pattern.find(tag));
  const { keeps, loose } = names;
  return {
    keeps: (tag) => keeps(tag) && inRange(tag),
    loose: loose === undefined ? undefined : (tag) => loose(tag) && inRange(tag),
  };
}

/** Selects tags that any set keeps; no sets keep all. @throws PatternError */
export async function selectTags(sets: readonly TagSet[]): Promise<Selection> {
  const all = await Promise.all(sets.map(selectSet));
  const keepsBy =
    (way: (one: Selection) => Keeps): Keeps =>
    (tag) =>
      all.length === 0 || all.some((one) => way(one)(tag));
  return {
    keeps: keepsBy(({ keeps }) => keeps),
    loose: all.some(({ loose }) => loose !== undefined)
      ? keepsBy(({ keeps, loose }) => loose ?? keeps)
      : undefined,
  };
}

export interface TagFilterOptions {
  /** For the whole tag. */
  readonly glob?: readonly string[] | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly semver?: string | undefined;
}

/**
 * Filters what the jobs select: as `tags` does, and by globs, of which one has to match. Without
 * any of them, there is no filter. @throws AppError USAGE
 */
export async function createTagFilter({
  glob = [],
  include = [],
  exclude = [],
  semver,
}: TagFilterOptions): Promise<Keeps | undefined> {
  const patterns = glob.length + include.length + exclude.length;
  if (patterns === 0 && semver === undefined) return undefined;
  const globs = glob.map((one) => createMatcher(one, '--glob'));
  const named = await createNameFilter({ include, exclude, semver });
  return (tag) => (globs.length === 0 || globs.some((matches) => matches(tag))) && named(tag);
}
