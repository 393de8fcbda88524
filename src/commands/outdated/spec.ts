import type { CommandSpec } from '../types.ts';

export const outdatedSpec: CommandSpec = {
  name: 'outdated',
  summary: 'Check whether a newer version of an image exists',
  description:
    'Shows the digest of a tag, the tags with the same digest, and the newest tag of the same form: the prefix v, the count of numbers and the flavor are equal. Compares the digests of at most 100 tags.',
  args: [{ name: 'image', summary: 'images by tag', required: false, variadic: true }],
  options: [
    {
      flags: '--file <file>',
      summary: 'read image names from FILE, one per line; - is stdin',
      kind: 'string',
    },
    { flags: '--major', summary: 'also report newer major versions', kind: 'flag' },
    { flags: '--check', summary: 'exit with status 3 if a newer version exists', kind: 'flag' },
    {
      flags: '--base <image>',
      summary: 'check whether IMAGE still is the base; exit with status 3 if not',
      kind: 'string',
    },
    { flags: '--base-digest <digest>', summary: 'digest to expect', kind: 'string', hidden: true },
  ],
  alsoUses: ['platform'],
  printsResult: true,
  examples: [
    {
      command: 'regctl outdated nginx:1.27.2-alpine',
      description: 'Find the newest 1.x of the same flavor',
    },
    {
      command: 'regctl outdated --base alpine:3.20 IMAGE',
      description: 'Check whether the base image has moved',
    },
    {
      command: 'regctl outdated --file images.txt --major --check',
      description: 'Fail a CI job if an image is outdated',
    },
  ],
  load: () => import('./run.ts'),
};
