import { AppError } from '../errors/app-error.ts';
import { createVersionRange } from '../tags/filter.ts';
import type { Clock } from './dates.ts';
import { createMatcher, createRegex, parseSpan, type Matcher } from './patterns.ts';

/** Rules as written: options of `prune`, or keys of a rules file. */
export interface RuleWords {
  readonly keep?: number | undefined;
  /** `major`, `minor` or a regular expression. */
  readonly keepPer?: string | undefined;
  readonly keepTag?: readonly string[] | undefined;
  readonly keepSemver?: string | undefined;
  readonly keepWithin?: string | undefined;
  readonly keepPulledWithin?: string | undefined;
  readonly keepDaily?: number | undefined;
  readonly keepWeekly?: number | undefined;
  readonly keepMonthly?: number | undefined;
  readonly keepYearly?: number | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly semver?: string | undefined;
  readonly olderThan?: string | undefined;
  readonly prerelease?: boolean | undefined;
  readonly untagged?: boolean | undefined;
  readonly orphans?: boolean | undefined;
  readonly broken?: boolean | undefined;
  readonly grace?: string | undefined;
  readonly sort?: SortOrder | undefined;
  readonly clock?: Clock | undefined;
  readonly assumeCreated?: boolean | undefined;
}

/** `pushed` and `created`: by date, with that clock. */
export const SORT_ORDERS = ['date', 'version', 'pushed', 'created', 'pulled'] as const;
export type SortOrder = (typeof SORT_ORDERS)[number];

export const CALENDAR_RULES = ['keepDaily', 'keepWeekly', 'keepMonthly', 'keepYearly'] as const;
export type CalendarRule = (typeof CALENDAR_RULES)[number];

/** Kinds of manifests without a tag. */
export const KINDS = ['untagged', 'orphans', 'broken'] as const;
export type Kind = (typeof KINDS)[number];

/** Parsed rules, which cannot fail later. */
export interface Rules {
  readonly keep: number | undefined;
  /** The group of a tag; `undefined` for tags that belong to no group. */
  readonly groupOf: (tag: string) => string | undefined;
  readonly keepTag: Matcher | undefined;
  readonly keepSemver: Matcher | undefined;
  /** Milliseconds. */
  readonly keepWithin: number | undefined;
  /** Milliseconds. */
  readonly keepPulledWithin: number | undefined;
  readonly calendar: ReadonlyMap<CalendarRule, number>;
  readonly tag: Matcher | undefined;
  readonly semver: Matcher | undefined;
  /** Milliseconds. */
  readonly olderThan: number | undefined;
  readonly prerelease: boolean;
  readonly kinds: ReadonlySet<Kind>;
  /** Milliseconds for which a manifest without a tag is kept. */
  readonly grace: number;
  readonly byVersion: boolean;
  readonly byPull: boolean;
  readonly clock: Clock;
  readonly assumeCreated: boolean;
}

const DEFAULT_GRACE = '24h';

/**
 * @throws AppError USAGE for an invalid rule, for no rule at all, and for a selector of names
 * together with manifests that have none
 */
export async function createRules(words: RuleWords): Promise<Rules> {
  const kinds = new Set(KINDS.filter((kind) => words[kind] === true));
  checkTogether(words, kinds);
  const { keepPer, keepWithin, keepPulledWithin, olderThan, keepSemver, semver } = words;
  return {
    keep: count(words.keep, '--keep'),
    groupOf: keepPer === undefined ? () => '' : groupBy(keepPer),
    keepTag: anyOf(words.keepTag, '--keep-tag'),
    keepSemver:
      keepSemver === undefined ? undefined : await createVersionRange(keepSemver, '--keep-semver'),
    keepWithin: keepWithin === undefined ? undefined : parseSpan(keepWithin, '--keep-within'),
    keepPulledWithin:
      keepPulledWithin === undefined
        ? undefined
        : parseSpan(keepPulledWithin, '--keep-pulled-within'),
    calendar: new Map(
      CALENDAR_RULES.flatMap((rule) => {
        const number = count(words[rule], optionName(rule));
        return number === undefined ? [] : [[rule, number] as const];
      }),
    ),
    tag: anyOf(words.tag, '--tag'),
    semver: semver === undefined ? undefined : await createVersionRange(semver),
    olderThan: olderThan === undefined ? undefined : parseSpan(olderThan, '--older-than'),
    prerelease: words.prerelease === true,
    kinds,
    grace: parseSpan(words.grace ?? DEFAULT_GRACE, '--grace'),
    byVersion: words.sort === 'version',
    byPull: words.sort === 'pulled',
    clock: clockOf(words),
    assumeCreated: words.assumeCreated === true,
  };
}

/** @throws AppError USAGE if the order needs another clock than the one given */
function clockOf({ sort, clock }: RuleWords): Clock {
  if (sort !== 'pushed' && sort !== 'created') return clock ?? 'auto';
  if (clock === undefined || clock === sort) return sort;
  throw new AppError('USAGE', `--sort ${sort} and --clock ${clock} contradict each other`);
}

/** `keepDaily` → `--keep-daily` */
export function optionName(rule: string): string {
  return `--${rule.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Whether a rule orders or filters by date, so that configurations have to be read. */
export function needsDates(rules: Rules): boolean {
  return (
    rules.olderThan !== undefined ||
    rules.keepWithin !== undefined ||
    rules.keepPulledWithin !== undefined ||
    rules.calendar.size > 0 ||
    rules.kinds.has('untagged') ||
    (rules.keep !== undefined && !rules.byVersion)
  );
}

function checkTogether(words: RuleWords, kinds: ReadonlySet<Kind>): void {
  const names = { '--tag': words.tag, '--semver': words.semver, '--prerelease': words.prerelease };
  const selectors = Object.entries(names).filter(([, value]) => isGiven(value));
  if (kinds.size > 0 && selectors.length > 0) {
    throw new AppError(
      'USAGE',
      `${selectors[0]?.[0]} chooses by name what ${optionName([...kinds][0] ?? '')} has none of`,
      { hint: 'Run prune twice: once for tags, once for what has no tag.' },
    );
  }
  const {
    grace: _grace,
    sort: _sort,
    clock: _clock,
    assumeCreated: _assume,
    keepPer,
    ...rules
  } = words;
  if (keepPer !== undefined && words.keep === undefined) {
    throw new AppError('USAGE', '--keep-per needs --keep', {
      hint: 'Add --keep N.',
    });
  }
  if (Object.values(rules).some(isGiven)) return;
  throw new AppError('USAGE', 'no rule selects or keeps anything', {
    hint: 'Add a rule, such as --keep 10, or --older-than 90d with --keep-tag latest.',
  });
}

/** Whether a rule was written. */
export function isGiven(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== false;
}

function count(value: number | undefined, option: string): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
  throw new AppError('USAGE', `${option} takes a whole number, not ${value}`);
}

function anyOf(patterns: readonly string[] | undefined, option: string): Matcher | undefined {
  if (patterns === undefined || patterns.length === 0) return undefined;
  const matchers = patterns.map((pattern) => createMatcher(pattern, option));
  return (name) => matchers.some((matches) => matches(name));
}

/** Groups by the first capture group of a regular expression, else by the whole match. */
function groupBy(per: string): (tag: string) => string | undefined {
  if (per !== 'major' && per !== 'minor') {
    const regex = createRegex(per, '--keep-per');
    return (tag) => {
      const match = regex.exec(tag);
      return match === null ? undefined : match.length > 1 ? match[1] : match[0];
    };
  }
  return (tag) => {
    const match = /^v?(\d+)(?:\.(\d+))?/u.exec(tag);
    return match === null || per === 'major' ? match?.[1] : `${match[1]}.${match[2] ?? ''}`;
  };
}
