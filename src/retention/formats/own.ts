import type { Policy } from '../plan.ts';
import { createPolicy } from '../flags.ts';
import { CALENDAR_RULES, KINDS, SORT_ORDERS, type RuleWords } from '../rules.ts';
import { countAt, doublestar, isObject, refuse, stringsAt } from './types.ts';

const TEXTS = [
  'keepPer',
  'keepSemver',
  'keepWithin',
  'keepPulledWithin',
  'semver',
  'olderThan',
  'grace',
] as const;
const CHOICES = { sort: SORT_ORDERS, clock: ['auto', 'pushed', 'created'] } as const;
const FLAGS = ['prerelease', 'assumeCreated', ...KINDS] as const;
const COUNTS = ['keep', ...CALENDAR_RULES] as const;
const LISTS = ['tag', 'keepTag'] as const;
const KEYS: ReadonlySet<string> = new Set([
  ...TEXTS,
  ...Object.keys(CHOICES),
  ...FLAGS,
  ...COUNTS,
  ...LISTS,
]);

/**
 * Parses regctl's own file: the options of `prune` as keys, with or without dashes. They apply to
 * all repositories, or stand in `rules`, each with globs in `repositories`; the first match
 * applies.
 * @throws AppError USAGE
 */
export async function parseOwn(
  value: unknown,
): Promise<(repository: string) => Policy | undefined> {
  const file = isObject(value) ? value : refuse('the file is not a map of keys');
  const { rules: list, version: _version, ...all } = file;
  if (list === undefined) {
    const policy = await createPolicy(wordsOf(all));
    return () => policy;
  }
  if (Object.keys(all).length > 0) refuse(`"${Object.keys(all)[0]}" is next to "rules"`);
  if (!Array.isArray(list)) return refuse('"rules" is not a list');
  const rules = await Promise.all(
    (list as readonly unknown[]).map(async (one) => {
      const { repositories: _globs, ...words } = isObject(one)
        ? one
        : refuse('a rule is not a map of keys');
      const globs = stringsAt(one as Readonly<Record<string, unknown>>, 'repositories') ?? ['**'];
      return { globs: globs.map(doublestar), policy: await createPolicy(wordsOf(words)) };
    }),
  );
  return (repository) => {
    const path = repository.slice(repository.indexOf('/') + 1);
    const isIt = (matches: (name: string) => boolean): boolean =>
      matches(repository) || matches(path);
    return rules.find(({ globs }) => globs.some(isIt))?.policy;
  };
}

/**
 * Reads every scalar as text, so that no type is guessed.
 * @throws AppError USAGE for an unknown key
 */
function wordsOf(written: Readonly<Record<string, unknown>>): RuleWords {
  const given = Object.fromEntries(
    Object.entries(written).map(([key, value]) => [
      key.replace(/-([a-z])/gu, (_dash, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
  const unknown = Object.keys(given).find((key) => !KEYS.has(key));
  if (unknown !== undefined)
    refuse(`"${unknown}" is no key of a rule`, 'Keys are the options of prune.');
  const words: Record<string, unknown> = {};
  for (const key of TEXTS) words[key] = textAt(given, key);
  for (const key of FLAGS) words[key] = flagAt(given, key);
  for (const key of COUNTS) words[key] = countAt(given, key, true);
  for (const key of LISTS) {
    const one = given[key];
    words[key] = typeof one === 'string' ? [one] : stringsAt(given, key);
  }
  for (const [key, choices] of Object.entries(CHOICES)) {
    const choice = textAt(given, key);
    if (choice !== undefined && !(choices as readonly string[]).includes(choice))
      refuse(`"${key}" is one of ${choices.join(', ')}`);
    words[key] = choice;
  }
  return words;
}

function textAt(given: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = given[key];
  if (value === undefined || typeof value === 'string') return value;
  return refuse(`"${key}" is not a text`);
}

function flagAt(given: Readonly<Record<string, unknown>>, key: string): boolean | undefined {
  const value = given[key];
  if (value === undefined) return undefined;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  return refuse(`"${key}" is true or false`);
}
