import { compileRe2, type Re2 } from '../../util/text/re2.ts';
import type { Time } from '../types.ts';
import {
  countAt,
  DAY,
  DELETE,
  isObject,
  KEEP,
  newestFirst,
  refuse,
  type ToolDecision,
  type ToolImage,
  type ToolPolicyFor,
} from './types.ts';

interface GitLabKeys {
  readonly name: Re2;
  readonly keep: Re2 | undefined;
  readonly keepCount: number;
  readonly olderThan: number | undefined;
}

/**
 * Parses the cleanup policy of a GitLab project. It starts with all tags and keeps, in this order,
 * `latest`, tags that `name_regex_delete` does not match, the newest `keep_n`, tags younger than
 * `older_than`, and tags that `name_regex_keep` matches. Patterns match the whole name.
 * @throws AppError USAGE
 */
export async function parseGitLab(value: unknown): Promise<ToolPolicyFor> {
  const policy = isObject(value) ? value : refuse('a GitLab policy is not an object');
  const keys: GitLabKeys = {
    name:
      (await patternAt(policy, 'name_regex_delete')) ??
      (await patternAt(policy, 'name_regex')) ??
      (await compileRe2('.*')),
    keep: await patternAt(policy, 'name_regex_keep'),
    keepCount: countAt(policy, 'keep_n', true) ?? 0,
    olderThan: ageAt(policy['older_than']),
  };
  return () => ({
    needsPulls: false,
    decide: (images, now) => ({ tags: decide(keys, images, now), untagged: new Map() }),
  });
}

function decide(
  { name, keep, keepCount, olderThan }: GitLabKeys,
  images: readonly ToolImage[],
  now: Time,
): Map<string, ToolDecision> {
  const decisions = new Map<string, ToolDecision>();
  const tags = images.flatMap(({ tags: names, time }) => names.map((tag) => ({ tag, time })));
  const rest = tags.filter(({ tag }) => tag !== 'latest' && name.matches(tag));
  for (const { tag } of tags) decisions.set(tag, KEEP('not:name_regex_delete'));
  for (const { tag } of rest) decisions.set(tag, KEEP('undated'));
  for (const [rank, { tag, time = now }] of newestFirst(rest).entries()) {
    if (rank < keepCount) decisions.set(tag, KEEP('keep_n'));
    else if (olderThan !== undefined && now - time <= olderThan)
      decisions.set(tag, KEEP('not:older_than'));
    else if (keep?.matches(tag) === true) decisions.set(tag, KEEP('name_regex_keep'));
    else decisions.set(tag, DELETE('name_regex_delete'));
  }
  return decisions;
}

async function patternAt(
  policy: Readonly<Record<string, unknown>>,
  key: string,
): Promise<Re2 | undefined> {
  const source = policy[key];
  if (source === undefined || source === null || source === '') return undefined;
  if (typeof source !== 'string') return refuse(`"${key}" is not a text`);
  try {
    return await compileRe2(source);
  } catch (error) {
    return refuse(`"${key}": ${error instanceof Error ? error.message : String(error)}`);
  }
}

function ageAt(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const match = /^(\d{1,5})([dw])$/u.exec(typeof value === 'string' ? value : '');
  if (match === null) return refuse('"older_than" is written as 90d or 2w');
  return Number(match[1]) * (match[2] === 'w' ? 7 : 1) * DAY;
}
