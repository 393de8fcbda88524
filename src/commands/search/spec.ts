import type { CommandSpec } from '../types.ts';

export const searchSpec: CommandSpec = {
  name: 'search',
  summary: 'Search Docker Hub',
  args: [{ name: 'term', summary: 'what to look for', required: true }],
  options: [
    {
      flags: '-f, --filter <filter>',
      summary: 'is-official=true|false or stars=N (may be repeated)',
      kind: 'list',
    },
    { flags: '--limit <n>', summary: 'most results (default: 25)', kind: 'integer' },
    { flags: '--no-trunc', summary: 'print descriptions in full', kind: 'flag' },
  ],
  printsResult: true,
  examples: [
    { command: 'regctl search postgres --filter is-official=true', description: 'official images' },
    {
      command: 'regctl search redis --filter stars=100 --limit 10',
      description: 'well-known ones',
    },
  ],
  load: () => import('./run.ts'),
};
