import { AppError } from '../errors/app-error.ts';
import type { Digest } from '../oci/digest.ts';
import { compareVersions, isPrerelease, startsLikeVersion } from '../tags/order.ts';
import { parseTime, type Dates } from './dates.ts';
import type { Graph } from './graph.ts';
import { BUCKETS, newestOfBuckets, type Dated } from './calendar.ts';
import { allProtected, protectorsOf, type Protected } from './hard-keeps.ts';
import { KINDS, optionName, type Kind, type Rules } from './rules.ts';
import type { Decision, Judgement, Time } from './types.ts';

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
    protect: allProtected(view.protected),
  };
}

class Judging {
  readonly #rules: Rules;
  readonly #view: View;
  /** Tags that the selectors choose; keep rules count only these. */
  readonly #pool: readonly string[];
  readonly #kept = new Map<string, string[]>();
  /** The decision about every tag that goes. */
  readonly #deleted: Decision;

  constructor(rules: Rules, view: View) {
    this.#rules = rules;
    this.#view = view;
    this.#pool = [...view.graph.tags.keys()].filter((tag) => this.#notChosenBy(tag).length === 0);
    this.#deleted = { verdict: 'delete', because: this.#selectors() };
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
    return this.#deleted;
  }

  #dateOf(tag: string): Time | undefined {
    return this.#view.dates.ofTag(tag);
  }

  /** The last pull of a tag's manifest; if it was never pulled, its date. */
  #usedAt(tag: string): Time | undefined {
    const { graph } = this.#view;
    const digest = graph.tags.get(tag);
    const pulled = digest === undefined ? undefined : graph.manifests.get(digest)?.pulled;
    return parseTime(pulled) ?? this.#dateOf(tag);
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
      for (const option of protectorsOf(hard, digest)) this.#keep(tag, option);
      if (keepTag?.(tag) === true) this.#keep(tag, '--keep-tag');
      if (keepSemver?.(tag) === true) this.#keep(tag, '--keep-semver');
    }
  }

  #keepByOrder(): void {
    const { keep, byVersion, byPull, keepWithin, keepPulledWithin, calendar } = this.#rules;
    const pool = this.#pool;
    if (byPull || keepPulledWithin !== undefined) this.#requirePulls();
    const ordersByDate =
      keepWithin !== undefined || calendar.size > 0 || (keep !== undefined && !byVersion);
    const dated = pool.flatMap((tag): Dated[] => {
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
    if (keepPulledWithin !== undefined) {
      for (const tag of pool) {
        const at = this.#usedAt(tag);
        if (at === undefined || this.#view.now - at < keepPulledWithin)
          this.#keep(tag, '--keep-pulled-within');
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

  /** @throws AppError USAGE: what nobody is known to pull may run everywhere */
  #requirePulls(): void {
    const { graph } = this.#view;
    const isUnknown = (tag: string): boolean => {
      const digest = graph.tags.get(tag);
      return digest === undefined || graph.manifests.get(digest)?.pulled === undefined;
    };
    if (!this.#pool.some(isUnknown)) return;
    throw new AppError('USAGE', 'this registry does not say when an image was pulled', {
      hint: 'Choose by --keep-within, or name what runs with --in-use FILE.',
    });
  }

  /** Keeps the newest of each group, and tags as old as the last of them. */
  #keepNewest(count: number): void {
    const { byVersion, byPull, groupOf } = this.#rules;
    const timeOf = (tag: string): Time | undefined =>
      byPull ? this.#usedAt(tag) : this.#dateOf(tag);
    const groups = new Map<string | undefined, string[]>();
    for (const tag of this.#pool) {
      const group = groups.get(groupOf(tag));
      if (group === undefined) groups.set(groupOf(tag), [tag]);
      else group.push(tag);
    }
    const order = byVersion
      ? compareVersions
      : (a: string, b: string): number => (timeOf(a) ?? 0) - (timeOf(b) ?? 0);
    const isKnown = byVersion
      ? startsLikeVersion
      : (tag: string): boolean => timeOf(tag) !== undefined;
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
      graph.parentsOf(digest).length === 0 &&
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
