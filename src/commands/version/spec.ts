import type { CommandSpec } from '../types.ts';

export const versionSpec: CommandSpec = {
  name: 'version',
  summary: 'Show the version, and what runs it',
  args: [],
  options: [
    {
      flags: '--check',
      summary: 'ask the package registry of npm for the newest version',
      kind: 'flag',
    },
  ],
  uses: ['tls', 'network'],
  printsResult: true,
  examples: [
    { command: 'regctl version', description: 'For a report of a bug' },
    { command: 'regctl version --check', description: 'Is there a newer version?' },
  ],
  load: () => import('./run.ts'),
};
