import { compileRe2 } from '../../util/text/re2.ts';
import type { Time } from '../types.ts';
import {
  countAt,
  DAY,
  DELETE,
  doublestar,
  isObject,
  KEEP,
  refuse,
  stringsAt,
  type ToolDecision,
  type ToolImage,
  type ToolPolicyFor,
} from './types.ts';

/** What an entry of `keepTags` or `keepUntagged` keeps; one match is enough. */
interface KeepRule {
  readonly pushedCount: number | undefined;
  readonly pulledCount: number | undefined;
  readonly pushedWithin: number | undefined;
  readonly pulledWithin: number | undefined;
}

interface TagRule extends KeepRule {
  readonly matches: (tag: string) => boolean;
}

interface ZotPolicy {
  readonly applies: (repository: string) => boolean;
  readonly keepTags: readonly TagRule[];
  readonly deleteUntagged: boolean;
  readonly keepUntagged: KeepRule | undefined;
}

interface Candidate {
  readonly name: string;
  readonly time: Time | undefined;
  readonly pulled: Time | null | undefined;
}

/**
 * Parses zot's `retention` (project-zot/zot, pkg/retention). The first policy with a matching
 * repository applies; a tag belongs to the first entry of `keepTags` that matches it, and is
 * deleted if that entry does not keep it.
 * @throws AppError USAGE, also for a pattern that zot itself treats as matching nothing
 */
export async function parseZot(value: unknown): Promise<ToolPolicyFor> {
  const retention = isObject(value) && isObject(value['retention']) ? value['retention'] : value;
  const list = isObject(retention) ? retention['policies'] : undefined;
  if (!Array.isArray(list)) return refuse('zot rules have a list of policies');
  const policies = await Promise.all(list.map(parsePolicy));
  return (repository) => {
    const path = repository.replace(/^[^/]*[.:][^/]*\//u, '');
    const policy = policies.find((one) => one.applies(path));
    if (policy === undefined) return undefined;
    const rules = [...policy.keepTags, ...(policy.keepUntagged ? [policy.keepUntagged] : [])];
    return {
      needsPulls: rules.some(
        (one) => one.pulledCount !== undefined || one.pulledWithin !== undefined,
      ),
      decide: (images, now) => ({
        tags: decideTags(policy, images, now),
        untagged: decideUntagged(policy, images, now),
      }),
    };
  };
}

function decideTags(policy: ZotPolicy, images: readonly ToolImage[], now: Time) {
  const decisions = new Map<string, ToolDecision>();
  const tags = images.flatMap((image) => image.tags.map((name) => ({ ...image, name })));
  if (policy.keepTags.length === 0) {
    for (const { name } of tags) decisions.set(name, KEEP('no keepTags'));
    return decisions;
  }
  let rest: readonly Candidate[] = tags;
  for (const rule of policy.keepTags) {
    const own = rest.filter(({ name }) => rule.matches(name));
    rest = rest.filter(({ name }) => !rule.matches(name));
    const kept = keptBy(rule, own, now);
    for (const { name } of own) {
      decisions.set(name, kept.has(name) ? KEEP('keepTags') : DELETE('keepTags'));
    }
  }
  for (const { name, time } of rest) {
    decisions.set(name, time === undefined ? KEEP('undated') : DELETE('no keepTags matches'));
  }
  return decisions;
}

function decideUntagged(policy: ZotPolicy, images: readonly ToolImage[], now: Time) {
  const untagged = images
    .filter(({ tags }) => tags.length === 0)
    .map((image) => ({ ...image, name: image.digest }));
  const { keepUntagged, deleteUntagged } = policy;
  const kept = keepUntagged === undefined ? new Set<string>() : keptBy(keepUntagged, untagged, now);
  return new Map(
    untagged.map(({ digest }) => [
      digest,
      deleteUntagged && !kept.has(digest) ? DELETE('deleteUntagged') : KEEP('keepUntagged'),
    ]),
  );
}

/** Images that were never pulled come last; images without a date are young and stay. */
function keptBy(rule: KeepRule, own: readonly Candidate[], now: Time): Set<string> {
  const { pushedCount, pulledCount, pushedWithin, pulledWithin } = rule;
  const isAll = [pushedCount, pulledCount, pushedWithin, pulledWithin].every(
    (one) => one === undefined,
  );
  if (isAll) return new Set(own.map(({ name }) => name));
  const newest = (count: number | undefined, when: (one: Candidate) => Time): string[] =>
    own
      .toSorted((a, b) => when(b) - when(a))
      .slice(0, count ?? 0)
      .map(({ name }) => name);
  const within = (span: number | undefined, when: (one: Candidate) => Time): string[] =>
    span === undefined ? [] : own.filter((one) => now - when(one) <= span).map(({ name }) => name);
  const pushed = ({ time }: Candidate): Time => time ?? -Infinity;
  const pulled = (one: Candidate): Time => one.pulled ?? -Infinity;
  return new Set([
    ...newest(pushedCount, pushed),
    ...newest(pulledCount, pulled),
    ...within(pushedWithin, pushed),
    // A recent push counts as a pull.
    ...within(pulledWithin, (one) => Math.max(pulled(one), pushed(one))),
    ...own.filter(({ time }) => time === undefined).map(({ name }) => name),
  ]);
}

async function parsePolicy(value: unknown): Promise<ZotPolicy> {
  const policy = isObject(value) ? value : refuse('a zot policy is not an object');
  const repositories = (stringsAt(policy, 'repositories') ?? []).map(doublestar);
  const entries = policy['keepTags'] ?? [];
  if (!Array.isArray(entries)) return refuse('keepTags is not a list');
  const untagged = policy['keepUntagged'];
  return {
    applies: (repository) => repositories.some((matches) => matches(repository)),
    keepTags: await Promise.all(entries.map(parseTagRule)),
    deleteUntagged: policy['deleteUntagged'] !== false && policy['deleteUntagged'] !== 'false',
    keepUntagged: isObject(untagged) ? parseKeepRule(untagged) : undefined,
  };
}

async function parseTagRule(value: unknown): Promise<TagRule> {
  const rule = isObject(value) ? value : refuse('an entry of keepTags is not an object');
  const sources = stringsAt(rule, 'patterns') ?? [];
  const patterns = await Promise.all(
    sources.map(async (source) => {
      try {
        return await compileRe2(source);
      } catch (error) {
        return refuse(`the pattern "${source}": ${error instanceof Error ? error.message : ''}`);
      }
    }),
  );
  return {
    ...parseKeepRule(rule),
    matches: (tag) => patterns.length === 0 || patterns.some((one) => one.find(tag)),
  };
}

function parseKeepRule(rule: Readonly<Record<string, unknown>>): KeepRule {
  return {
    pushedCount: countAt(rule, 'mostRecentlyPushedCount', true),
    pulledCount: countAt(rule, 'mostRecentlyPulledCount', true),
    pushedWithin: spanAt(rule, 'pushedWithin'),
    pulledWithin: spanAt(rule, 'pulledWithin'),
  };
}

/** Reads a Go duration in hours, minutes and seconds. */
function spanAt(rule: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const value = rule[key];
  if (value === undefined) return undefined;
  const match = /^(?:(\d{1,7})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s)?$/u.exec(
    typeof value === 'string' ? value : '-',
  );
  if (match === null || value === '') return refuse(`"${key}" is written as 720h or 30m`);
  const [hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((one) => Number(one ?? 0));
  return hours * (DAY / 24) + minutes * 60_000 + seconds * 1000;
}
