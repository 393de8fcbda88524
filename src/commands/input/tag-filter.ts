import type { OptionSpec } from '../types.ts';

/** Filter options of every command that lists or selects tags. */
export const tagFilterOptions: readonly OptionSpec[] = [
  {
    flags: '--include <regex>',
    summary: 'use only tags that match (repeatable)',
    kind: 'list',
  },
  {
    flags: '--exclude <regex>',
    summary: 'skip tags that match (repeatable)',
    kind: 'list',
  },
  {
    flags: '--semver <range>',
    summary: 'use only versions in RANGE, such as ^1.4',
    kind: 'string',
  },
];
