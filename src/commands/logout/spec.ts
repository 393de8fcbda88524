import type { CommandSpec } from '../types.ts';

export const logoutSpec: CommandSpec = {
  name: 'logout',
  summary: 'Forget the login of a registry',
  description: 'Forgets it in every file and helper that regctl reads, or in --authfile alone.',
  args: [
    {
      name: 'registry',
      summary: 'registry, or a namespace in it (default: docker.io)',
      required: false,
    },
  ],
  options: [
    { flags: '-a, --all', summary: 'forget every login', kind: 'flag' },
    { flags: '--must-exist', summary: 'fail if there is none', kind: 'flag', hidden: true },
  ],
  examples: [
    { command: 'regctl logout ghcr.io', description: 'one registry' },
    { command: 'regctl logout --all', description: 'every registry' },
  ],
  load: () => import('./run.ts'),
};
