import { AppError } from '../errors/app-error.ts';
import type { Digest } from '../oci/digest.ts';
import { compareVersions, isPrerelease, startsLikeVersion } from '../tags/order.ts';
import type { Dates } from './dates.ts';
import type { Graph } from './graph.ts';
import { type CalendarRule, KINDS, optionName, type Kind, type Rules } from './rules.ts';
import type { Decision, Judgement, Time } from './types.ts';

/** Digests that are kept whatever the rules say. */
export interface Protected {
  /** `--protect-digest` */
  readonly digests: ReadonlySet<Digest>;
  /** `--in-use` */
  readonly inUse: ReadonlySet<Digest>;
}

/** The input of a policy for one repository. */
export interface View {
  readonly graph: Graph;
  readonly dates: Dates;
  readonly now: Time;
  readonly protected: Protected;
}

/**
 * Applies the rules: keep rules are combined with OR and always win; selectors are combined with
 * AND. A manifest without a date is young: it stays under every rule that orders by date.
 * @throws AppError USAGE if a rule orders by date and nothing has one
 */
export function judge(rules: Rules, view: View): Judgement {
  const { graph } = view;
  const judging = new Judging(rules, view);
  const tags = new Map<string, Decision>();
  for (const tag of graph.tags.keys()) tags.set(tag, judging.decide(tag));
  return {
    tags,
    untagged: untaggedBy(rules, view),
    protect: new Set([...view.protected.digests, ...view.protected.inUse]),
  };
}

class Judging {
  readonly #rules: Rules;
  readonly #view: View;
  /** Tags that the selectors choose; keep rules count only these. */
  readonly #pool: readonly string[];
  readonly #kept = new Map<string, string[]>();

  constructor(rules: Rules, view: View) {
    this.#rules = rules;
    this.#view = view;
    this.#pool = [...view.graph.tags.keys()].filter((tag) => this.#notChosenBy(tag).length === 0);
    this.#keepByName();
    this.#keepByOrder();
  }

  decide(tag: string): Decision {
    const kept = this.#kept.get(tag);
    if (kept !== undefined) return { verdict: 'keep', because: kept };
    const passed = this.#notChosenBy(tag);
    if (passed.length > 0) {
      return { verdict: 'keep', because: passed.map((option) => `not:${option}`) };
    }
    return { verdict: 'delete', because: this.#selectors() };
  }

  #dateOf(tag: string): Time | undefined {
    return this.#view.dates.ofTag(tag);
  }

  #keep(tag: string, because: string): void {
    const reasons = this.#kept.get(tag);
    if (reasons === undefined) this.#kept.set(tag, [because]);
    else reasons.push(because);
  }

  /** The selectors that do not choose a tag. */
  #notChosenBy(tag: string): string[] {
    const { kinds, tag: byName, semver, prerelease, olderThan } = this.#rules;
    const { graph, now } = this.#view;
    const old = isOlder(this.#dateOf(tag), olderThan, now);
    if (kinds.size > 0) {
      const digest = graph.tags.get(tag);
      const broken = kinds.has('broken') && digest !== undefined && graph.isBroken(digest);
      return broken && old ? [] : [...kinds].map(optionName).toSorted();
    }
    return [
      ...(byName === undefined || byName(tag) ? [] : ['--tag']),
      ...(semver === undefined || semver(tag) ? [] : ['--semver']),
      ...(!prerelease || isPrerelease(tag) ? [] : ['--prerelease']),
      ...(old ? [] : ['--older-than']),
    ];
  }

  #selectors(): string[] {
    const { kinds, tag, semver, prerelease, olderThan } = this.#rules;
    const used = [
      ...(kinds.has('broken') ? ['--broken'] : []),
      ...(olderThan === undefined ? [] : ['--older-than']),
      ...(prerelease ? ['--prerelease'] : []),
      ...(semver === undefined ? [] : ['--semver']),
      ...(tag === undefined ? [] : ['--tag']),
    ];
    return used.length === 0 ? ['no keep rule'] : used;
  }

  #keepByName(): void {
    const { keepTag, keepSemver } = this.#rules;
    const { graph, protected: hard } = this.#view;
    for (const [tag, digest] of graph.tags) {
      if (hard.digests.has(digest)) this.#keep(tag, '--protect-digest');
      if (hard.inUse.has(digest)) this.#keep(tag, '--in-use');
      if (keepTag?.(tag) === true) this.#keep(tag, '--keep-tag');
      if (keepSemver?.(tag) === true) this.#keep(tag, '--keep-semver');
    }
  }

  #keepByOrder(): void {
    const { keep, byVersion, keepWithin, calendar } = this.#rules;
    const pool = this.#pool;
    const ordersByDate =
      keepWithin !== undefined || calendar.size > 0 || (keep !== undefined && !byVersion);
    const dated = pool.flatMap((tag) => {
      const date = this.#dateOf(tag);
      return date === undefined ? [] : [{ tag, date }];
    });
    if (ordersByDate && pool.length > 0 && dated.length === 0) throw noDateError();
    if (keep !== undefined) this.#keepNewest(keep);
    if (keepWithin !== undefined) {
      for (const { tag, date } of dated) {
        if (this.#view.now - date < keepWithin) this.#keep(tag, '--keep-within');
      }
    }
    for (const [rule, buckets] of calendar) {
      for (const tag of newestOfBuckets(dated, buckets, BUCKETS[rule])) {
        this.#keep(tag, optionName(rule));
      }
    }
    if (!ordersByDate) return;
    for (const tag of pool) if (this.#dateOf(tag) === undefined) this.#keep(tag, 'undated');
  }

  /** Keeps the newest of each group, and tags as old as the last of them. */
  #keepNewest(count: number): void {
    const { byVersion, groupOf } = this.#rules;
    const groups = new Map<string | undefined, string[]>();
    for (const tag of this.#pool) {
      const group = groups.get(groupOf(tag));
      if (group === undefined) groups.set(groupOf(tag), [tag]);
      else group.push(tag);
    }
    const order = byVersion
      ? compareVersions
      : (a: string, b: string): number => (this.#dateOf(a) ?? 0) - (this.#dateOf(b) ?? 0);
    const isKnown = byVersion
      ? startsLikeVersion
      : (tag: string): boolean => this.#dateOf(tag) !== undefined;
    for (const tags of groups.values()) {
      const ranked = tags.filter(isKnown).toSorted(order).toReversed();
      const last = ranked[Math.min(count, ranked.length) - 1];
      for (const tag of ranked) {
        if (last !== undefined && order(tag, last) >= 0) this.#keep(tag, '--keep');
      }
      if (!byVersion) continue;
      for (const tag of tags) if (!isKnown(tag)) this.#keep(tag, 'not-a-version');
    }
  }
}

function noDateError(): AppError {
  return new AppError('USAGE', 'no tag has a date to order by', {
    hint: 'Reproducible builds often write none: order with --sort version, or take their dates with --assume-created.',
  });
}

interface Dated {
  readonly tag: string;
  readonly date: Time;
}

/** The newest tags of each of the newest periods; equal dates stay together. */
function newestOfBuckets(
  dated: readonly Dated[],
  buckets: number,
  bucketOf: (date: Date) => string,
): string[] {
  const kept: string[] = [];
  let left = buckets;
  let bucket: string | undefined;
  let newest: Time | undefined;
  for (const { tag, date } of dated.toSorted((a, b) => b.date - a.date)) {
    const own = bucketOf(new Date(date));
    if (own !== bucket) {
      if (left === 0) break;
      left -= 1;
      bucket = own;
      newest = date;
    }
    if (date === newest) kept.push(tag);
  }
  return kept;
}

/** Periods in UTC, with ISO weeks. */
const BUCKETS: Readonly<Record<CalendarRule, (date: Date) => string>> = {
  keepDaily: (date) => date.toISOString().slice(0, -14),
  keepWeekly: isoWeek,
  keepMonthly: (date) => date.toISOString().slice(0, -17),
  keepYearly: (date) => String(date.getUTCFullYear()),
};

const DAY = 24 * 3_600_000;

/** The ISO 8601 week of a date, by its Monday: it contains the Thursday of that week. */
function isoWeek(date: Date): string {
  const monday = Math.floor((date.getTime() / DAY + 3) / 7);
  return String(monday);
}

/** Whether a date is older than a span: an equal age is not older, and no date is young. */
export function isOlder(date: Time | undefined, span: number | undefined, now: Time): boolean {
  return span === undefined || (date !== undefined && now - date > span);
}

/** Selects manifests without a tag that may be deleted, with the first rule that applies. */
function untaggedBy(rules: Rules, { graph, dates, now }: View): Map<Digest, string> {
  const chosen = new Map<Digest, string>();
  const { kinds, olderThan, grace } = rules;
  if (kinds.size === 0) return chosen;
  const isKind: Readonly<Record<Kind, (digest: Digest) => boolean>> = {
    orphans: (digest) => graph.isOrphan(digest),
    broken: (digest) => !graph.hasTag(digest) && graph.isBroken(digest),
    untagged: (digest) =>
      !graph.hasTag(digest) &&
      graph.parentsOf(digest).size === 0 &&
      !graph.isReferrer(digest) &&
      dates.ofManifest(digest) !== undefined &&
      isOlder(dates.ofManifest(digest), grace, now),
  };
  const wanted = KINDS.filter((kind) => kinds.has(kind)).toSorted(byPrecedence);
  for (const digest of graph.manifests.keys()) {
    if (!isOlder(dates.ofManifest(digest), olderThan, now)) continue;
    const kind = wanted.find((one) => isKind[one](digest));
    if (kind !== undefined) chosen.set(digest, optionName(kind));
  }
  return chosen;
}

const PRECEDENCE: readonly Kind[] = ['orphans', 'broken', 'untagged'];
const byPrecedence = (a: Kind, b: Kind): number => PRECEDENCE.indexOf(a) - PRECEDENCE.indexOf(b);
