import type { Time } from '../types.ts';
import {
  byImage,
  DAY,
  DELETE,
  doublestar,
  isObject,
  KEEP,
  refuse,
  type ToolImage,
  type ToolPolicyFor,
} from './types.ts';

interface HarborRule {
  readonly name: string;
  readonly applies: (repository: string) => boolean;
  readonly selects: (image: ToolImage) => boolean;
  readonly retain: (images: readonly ToolImage[], now: Time) => readonly ToolImage[];
}

type When = (image: ToolImage) => Time | undefined;

const pushed: When = ({ time }) => time;
const pulled: When = (image) => image.pulled ?? undefined;
const active: When = ({ time, pulled: at }) =>
  time === undefined ? (at ?? undefined) : Math.max(time, at ?? time);

/** Harbor's rule templates, each with the parameter of the same name. */
const TEMPLATES: Readonly<Record<string, { readonly when: When; readonly newest: boolean }>> = {
  latestPushedK: { when: pushed, newest: true },
  latestPulledN: { when: pulled, newest: true },
  latestActiveK: { when: active, newest: true },
  nDaysSinceLastPush: { when: pushed, newest: false },
  nDaysSinceLastPull: { when: pulled, newest: false },
  lastXDays: { when: pushed, newest: false },
};

const PULLS: ReadonlySet<string> = new Set([
  'latestPulledN',
  'latestActiveK',
  'nDaysSinceLastPull',
]);

/**
 * Parses Harbor's retention rules (goharbor/harbor, src/pkg/retention). The rules select what is
 * kept: everything else in their scope is deleted, whole images with all their tags.
 * @throws AppError USAGE
 */
export function parseHarbor(value: unknown): ToolPolicyFor {
  const list = isObject(value) ? value['rules'] : value;
  if (!Array.isArray(list)) return refuse('Harbor rules are a list');
  const enabled = (list as readonly unknown[]).filter(
    (rule) => isObject(rule) && rule['disabled'] !== true,
  );
  const rules = enabled.map(parseRule);
  const needsPulls = enabled.some((rule) => isObject(rule) && PULLS.has(String(rule['template'])));
  return (repository) => {
    const own = rules.filter((rule) => rule.applies(pathOf(repository)));
    if (own.length === 0) return undefined;
    return {
      needsPulls,
      decide(images, now) {
        const kept = new Map<ToolImage, string>();
        for (const rule of own) {
          const selected = images.filter((image) => rule.selects(image));
          const retained = [
            ...rule.retain(selected, now),
            ...selected.filter(({ time }) => time === undefined),
          ];
          for (const image of retained) if (!kept.has(image)) kept.set(image, rule.name);
        }
        return byImage(images, (image) => {
          const name = kept.get(image);
          return name === undefined ? DELETE('no rule retains it') : KEEP(name);
        });
      },
    };
  };
}

/**
 * The part after PROJECT in HOST/PROJECT/REPOSITORY…: rules belong to a project and match the rest.
 */
function pathOf(repository: string): string {
  const parts = repository.split('/');
  return parts.length > 2 && parts[0]?.match(/[.:]|^localhost$/u)
    ? parts.slice(2).join('/')
    : repository;
}

function parseRule(value: unknown): HarborRule {
  const rule = isObject(value) ? value : refuse('a Harbor rule is not an object');
  const template = String(rule['template']);
  const scopes = isObject(rule['scope_selectors'])
    ? rule['scope_selectors']['repository']
    : undefined;
  const repositories = selectorsOf(scopes).map((one) => {
    const matches = doublestar(one.pattern);
    if (one.decoration === 'repoMatches') return matches;
    if (one.decoration === 'repoExcludes') return (name: string) => !matches(name);
    return refuse(`"${one.decoration}" is no decoration of a repository`);
  });
  const tags = selectorsOf(rule['tag_selectors']).map(tagSelector);
  return {
    name: template,
    applies: (repository) => repositories.every((matches) => matches(repository)),
    selects: (image) => tags.every((selects) => selects(image)),
    retain: retainer(template, isObject(rule['params']) ? rule['params'] : {}),
  };
}

function retainer(
  template: string,
  params: Readonly<Record<string, unknown>>,
): HarborRule['retain'] {
  if (template === 'always') return (images) => images;
  const known = Object.hasOwn(TEMPLATES, template) ? TEMPLATES[template] : undefined;
  if (known === undefined) return refuse(`"${template}" is no template of Harbor`);
  const number = params[template];
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
    return refuse(`the parameter ${template} is not a whole number`);
  const { when, newest } = known;
  if (!newest) {
    return (images, now) => images.filter((one) => now - (when(one) ?? -Infinity) <= number * DAY);
  }
  return (images) =>
    images
      .toSorted((a, b) => (when(b) ?? -Infinity) - (when(a) ?? -Infinity) || 0)
      .slice(0, number);
}

interface Selector {
  readonly decoration: string;
  readonly pattern: string;
  readonly untagged: boolean | undefined;
}

function selectorsOf(value: unknown): Selector[] {
  if (!Array.isArray(value)) return refuse('the selectors of a Harbor rule are a list');
  return (value as readonly unknown[]).map((one) => {
    const selector = isObject(one) ? one : refuse('a selector is not an object');
    const { kind, decoration, pattern, extras } = selector;
    if (kind !== 'doublestar') return refuse('selectors of Harbor are of kind doublestar');
    if (typeof decoration !== 'string' || typeof pattern !== 'string')
      return refuse('a selector has a decoration and a pattern');
    return { decoration, pattern, untagged: untaggedIn(extras) };
  });
}

function untaggedIn(extras: unknown): boolean | undefined {
  if (typeof extras !== 'string' || extras === '') return undefined;
  try {
    const value: unknown = JSON.parse(extras);
    return isObject(value) && typeof value['untagged'] === 'boolean'
      ? value['untagged']
      : undefined;
  } catch {
    return refuse('the extras of a selector are JSON');
  }
}

/** Selects an image by any of its tags; one without a tag by `untagged`. */
function tagSelector({ decoration, pattern, untagged }: Selector): (image: ToolImage) => boolean {
  const matches = doublestar(pattern);
  if (decoration === 'matches')
    return ({ tags }) => (tags.length === 0 ? untagged !== false : tags.some(matches));
  if (decoration === 'excludes')
    return ({ tags }) =>
      tags.length === 0 ? untagged !== true : tags.some((tag) => !matches(tag));
  return refuse(`"${decoration}" is no decoration of a tag`);
}
