import type { OptionSpec } from '../types.ts';

/** Which tags: what every command that lists or chooses tags has. */
export const tagFilterOptions: readonly OptionSpec[] = [
  {
    flags: '--include <regex>',
    summary: 'keep the tags that match (may be repeated: any match keeps)',
    kind: 'list',
  },
  {
    flags: '--exclude <regex>',
    summary: 'drop the tags that match (may be repeated)',
    kind: 'list',
  },
  {
    flags: '--semver <range>',
    summary: 'keep the versions of a range, such as "^1.4" or ">=2 <3"',
    kind: 'string',
  },
];
