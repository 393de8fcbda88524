import type { CommandSpec, OptionSpec } from '../types.ts';
import { tagFilterOptions } from '../input/tag-filter.ts';

/** What `tags` and `list-tags` share. */
export const tagOptions: readonly OptionSpec[] = [
  ...tagFilterOptions,
  {
    flags: '--sort <order>',
    summary: 'order of the tags (default: as the registry lists them)',
    kind: 'string',
    choices: ['name', 'version', 'created'],
  },
  { flags: '--reverse', summary: 'turn the order around', kind: 'flag' },
  { flags: '--limit <n>', summary: 'stop after this many tags', kind: 'integer' },
  {
    flags: '--digest <digest>',
    summary: 'only the tags that point at this digest',
    kind: 'string',
  },
  {
    flags: '--same-as <image>',
    summary: 'only the tags that share the digest of this image',
    kind: 'string',
  },
  {
    flags: '--no-digest-tags',
    summary: 'leave out tags that only carry signatures, SBOMs and the like (sha256-…)',
    kind: 'flag',
  },
  {
    flags: '--long',
    summary: 'show digest, age, size and platforms: one look-up per tag',
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
  examples: [
    { command: 'regctl tags busybox', description: 'every tag of docker.io/library/busybox' },
    {
      command: 'regctl tags node --semver "^22" --sort version --reverse --limit 5',
      description: 'the five newest releases of Node.js 22',
    },
    {
      command: 'regctl tags alpine --include "^3\\." --long',
      description: 'with digest, age and size',
    },
    { command: 'regctl tags --same-as nginx:stable', description: 'what stable means now' },
  ],
  load: () => import('./run.ts'),
};
