import type { CommandSpec } from '../types.ts';

export const logoutSpec: CommandSpec = {
  name: 'logout',
  summary: 'Log out of a registry',
  description:
    'Removes the login from every file and credential helper that regctl reads, or only from --authfile.',
  args: [
    {
      name: 'registry',
      summary: 'registry, or a namespace in it (default: docker.io)',
      required: false,
    },
  ],
  options: [
    { flags: '-a, --all', summary: 'remove every login', kind: 'flag' },
    { flags: '--must-exist', summary: 'fail if there is none', kind: 'flag', hidden: true },
  ],
  uses: ['files'],
  examples: [
    { command: 'regctl logout ghcr.io', description: 'Log out of one registry' },
    { command: 'regctl logout --all', description: 'Log out of every registry' },
  ],
  load: () => import('./run.ts'),
};
