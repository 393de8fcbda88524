import type { CommandSpec } from '../types.ts';

export const searchSpec: CommandSpec = {
  name: 'search',
  summary: 'Search Docker Hub for images',
  args: [{ name: 'term', summary: 'words to search for', required: true }],
  options: [
    {
      flags: '-f, --filter <filter>',
      summary: 'is-official=true|false or stars=N (repeatable)',
      kind: 'list',
    },
    { flags: '--limit <n>', summary: 'maximum number of results (default: 25)', kind: 'integer' },
    { flags: '--no-trunc', summary: 'print descriptions in full', kind: 'flag' },
  ],
  printsResult: true,
  uses: ['files', 'tls', 'network'],
  examples: [
    {
      command: 'regctl search postgres --filter is-official=true',
      description: 'Find official images',
    },
    {
      command: 'regctl search redis --filter stars=100 --limit 10',
      description: 'Find images with at least 100 stars',
    },
  ],
  load: () => import('./run.ts'),
};
