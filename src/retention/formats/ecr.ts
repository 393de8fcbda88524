import {
  byImage,
  DAY,
  DELETE,
  isObject,
  KEEP,
  newestFirst,
  refuse,
  stringsAt,
  type ToolImage,
  type ToolPolicyFor,
} from './types.ts';
import type { Time } from '../types.ts';

/** One rule of an ECR lifecycle policy, checked as ECR checks it. */
interface EcrRule {
  readonly priority: number;
  readonly status: 'tagged' | 'untagged' | 'any';
  /** Each pattern has to match at least one tag of the image. */
  readonly patterns: readonly ((tag: string) => boolean)[];
  readonly countType: string;
  readonly count: number;
  readonly expires: boolean;
}

const COUNT_TYPES = [
  'imageCountMoreThan',
  'sinceImagePushed',
  'sinceImagePulled',
  'sinceImageTransitioned',
];

/**
 * Parses Amazon ECR's lifecycle policies (docs.aws.amazon.com/AmazonECR:
 * lifecycle_policy_parameters). Later rules skip an image that a rule has selected. Rules with
 * `sinceImagePulled` and transitions delete nothing, because regctl knows neither.
 * @throws AppError USAGE
 */
export function parseEcr(value: unknown): ToolPolicyFor {
  const list = isObject(value) ? value['rules'] : undefined;
  if (!Array.isArray(list) || list.length === 0) return refuse('an ECR policy has no rules');
  const rules = list.map(parseRule).toSorted((a, b) => a.priority - b.priority);
  checkTogether(rules);
  return () => ({
    needsPulls: false,
    decide: (images, now) => decide(rules, images, now),
  });
}

function decide(rules: readonly EcrRule[], images: readonly ToolImage[], now: Time) {
  const expired = new Map<string, number>();
  const claimed = new Set<string>();
  for (const rule of rules) {
    const selected = images.filter((image) => selects(rule, image));
    for (const { digest } of over(rule, selected, now)) {
      if (!claimed.has(digest) && rule.expires) expired.set(digest, rule.priority);
    }
    for (const { digest } of selected) claimed.add(digest);
  }
  return byImage(images, ({ digest }) => {
    const priority = expired.get(digest);
    return priority === undefined ? KEEP('no rule expires it') : DELETE(`rule ${priority}`);
  });
}

function selects({ status, patterns }: EcrRule, { tags }: ToolImage): boolean {
  if (status !== 'tagged') return status === 'any' || tags.length === 0;
  return patterns.every((matches) => tags.some(matches));
}

function over(rule: EcrRule, selected: readonly ToolImage[], now: Time): readonly ToolImage[] {
  const dated = newestFirst(selected);
  if (rule.countType === 'imageCountMoreThan') return dated.slice(rule.count);
  if (rule.countType !== 'sinceImagePushed') return [];
  return dated.filter(({ time }) => Math.floor((now - (time ?? now)) / DAY) > rule.count);
}

function parseRule(value: unknown): EcrRule {
  const rule = isObject(value) ? value : refuse('an ECR rule is not an object');
  const selection = isObject(rule['selection']) ? rule['selection'] : {};
  const priority = rule['rulePriority'];
  if (typeof priority !== 'number' || !Number.isSafeInteger(priority) || priority < 1)
    return refuse('rulePriority is a positive integer');
  const where = `rule ${priority}`;
  const status = selection['tagStatus'];
  if (status !== 'tagged' && status !== 'untagged' && status !== 'any')
    return refuse(`${where}: tagStatus is tagged, untagged or any`);
  const patterns = stringsAt(selection, 'tagPatternList');
  const prefixes = stringsAt(selection, 'tagPrefixList');
  const lists = [patterns, prefixes].filter((list) => list !== undefined);
  if (status === 'tagged' && (lists.length !== 1 || lists[0]?.length === 0))
    return refuse(`${where}: tagged needs one of tagPatternList and tagPrefixList`);
  if (status !== 'tagged' && lists.length > 0)
    return refuse(`${where}: ${status} takes no list of tags`);
  if (patterns?.some((one) => one.split('*').length > 5) === true)
    return refuse(`${where}: at most four * in a pattern`);
  const { countType, countNumber: count, countUnit } = selection;
  if (typeof countType !== 'string' || !COUNT_TYPES.includes(countType))
    return refuse(`${where}: countType is one of ${COUNT_TYPES.join(', ')}`);
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1)
    return refuse(`${where}: countNumber is a positive integer`);
  if (countType !== 'imageCountMoreThan' && countUnit !== 'days')
    return refuse(`${where}: countUnit is days`);
  const type = isObject(rule['action']) ? rule['action']['type'] : undefined;
  if (type !== 'expire' && type !== 'transition')
    return refuse(`${where}: action.type is expire or transition`);
  const wanted = patterns ?? (prefixes ?? []).map((prefix) => `${prefix}*`);
  return {
    priority,
    status,
    patterns: wanted.map(glob),
    countType,
    count,
    expires: type === 'expire',
  };
}

/** Creates a matcher in which only `*` is special. */
function glob(pattern: string): (tag: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}/]/gu, '\\$&'));
  const regex = new RegExp(`^${parts.join('.*')}$`, 'u');
  return (tag) => regex.test(tag);
}

function checkTogether(rules: readonly EcrRule[]): void {
  if (new Set(rules.map((rule) => rule.priority)).size < rules.length)
    refuse('every rulePriority stands once');
  if (rules.slice(0, -1).some((rule) => rule.status === 'any'))
    refuse('a rule for any has the highest rulePriority');
  if (rules.filter((rule) => rule.status === 'untagged').length > 1)
    refuse('only one rule selects untagged images');
}
