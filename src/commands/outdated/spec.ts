import type { CommandSpec } from '../types.ts';

export const outdatedSpec: CommandSpec = {
  name: 'outdated',
  summary: 'Find out whether a newer version of an image exists',
  description:
    'Shows what a tag means now, which tags share its digest, and the newest tag of the same kind: with or without v, as many numbers, the same flavor. Tags are listed once a repository; at most 100 are looked at for the same digest.',
  args: [{ name: 'image', summary: 'images by tag', required: false, variadic: true }],
  options: [
    {
      flags: '--file <file>',
      summary: 'read images from a file, one a line; "-" is standard input',
      kind: 'string',
    },
    { flags: '--major', summary: 'look beyond the first number of the version', kind: 'flag' },
    { flags: '--check', summary: 'exit with 3 when a newer version exists', kind: 'flag' },
  ],
  printsResult: true,
  longRunning: true,
  examples: [
    {
      command: 'regctl outdated nginx:1.27.2-alpine',
      description: 'the newest 1.x of that flavor',
    },
    {
      command: 'regctl outdated --file images.txt --major --check',
      description: 'for CI: exit 3 when any of them is outdated',
    },
  ],
  load: () => import('./run.ts'),
};
