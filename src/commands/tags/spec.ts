import type { CommandSpec, OptionSpec } from '../types.ts';
import { tagFilterOptions } from '../input/tag-filter.ts';

/** What `tags` and `list-tags` share. */
export const tagOptions: readonly OptionSpec[] = [
  ...tagFilterOptions,
  {
    flags: '--sort <order>',
    summary: 'sort by name, version or created (default: registry order)',
    kind: 'string',
    choices: ['name', 'version', 'created'],
  },
  { flags: '--reverse', summary: 'reverse the order', kind: 'flag' },
  { flags: '--limit <n>', summary: 'print at most N tags', kind: 'integer' },
  {
    flags: '--last <tag>',
    summary: 'only the tags that are listed after this one',
    kind: 'string',
  },
  { flags: '--full-ref', summary: 'print REPOSITORY:TAG', kind: 'flag' },
  {
    flags: '--digest <digest>',
    summary: 'list only tags with this digest',
    kind: 'string',
  },
  {
    flags: '--same-as <image>',
    summary: 'list only tags with the same digest as IMAGE',
    kind: 'string',
  },
  {
    flags: '--no-digest-tags',
    summary: 'skip tags of signatures and SBOMs (sha256-…)',
    kind: 'flag',
  },
  {
    flags: '--long',
    summary: 'show digest, age, size and platforms; one lookup per tag',
    kind: 'flag',
  },
];

export const tagsSpec: CommandSpec = {
  name: 'tags',
  aliases: ['ls'],
  summary: 'List the tags of a repository',
  args: [
    {
      name: 'repository',
      summary: 'repository, or an OCI layout (default: that of --same-as)',
      required: false,
    },
  ],
  options: tagOptions,
  printsResult: true,
  alsoUses: ['parallel', 'platform'],
  manyRequests: ['long'],
  examples: [
    { command: 'regctl tags busybox', description: 'List every tag of docker.io/library/busybox' },
    {
      command: 'regctl tags node --semver "^22" --sort version --reverse --limit 5',
      description: 'List the five newest releases of Node.js 22',
    },
    {
      command: 'regctl tags alpine --include "^3\\." --long',
      description: 'Show digest, age and size',
    },
    {
      command: 'regctl tags --same-as nginx:stable',
      description: 'List the tags with the same digest as stable',
    },
  ],
  load: () => import('./run.ts'),
};
