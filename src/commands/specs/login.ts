import type { CommandSpec } from '../types.ts';

export const loginSpec: CommandSpec = {
  name: 'login',
  summary: 'Sign in to a registry',
  description:
    "Tries the credentials against the registry, then stores them where Docker's configuration says.",
  args: [{ name: 'registry', summary: 'registry (default: docker.io)', required: false }],
  options: [
    { flags: '-u, --username <name>', summary: 'user name', kind: 'string' },
    {
      flags: '-p, --password <password>',
      summary: 'password or token; other users of this machine may see it, prefer --password-stdin',
      kind: 'string',
    },
    { flags: '--password-stdin', summary: 'read the password from standard input', kind: 'flag' },
    { flags: '--get-login', summary: 'print the user that is signed in', kind: 'flag' },
  ],
  examples: [
    { command: 'regctl login', says: 'asks for a Docker Hub user and password' },
    {
      command: 'echo "$TOKEN" | regctl login ghcr.io -u me --password-stdin',
      says: 'for scripts',
    },
    { command: 'regctl login --get-login quay.io', says: 'who is signed in' },
  ],
  load: () => import('../login.ts'),
};
