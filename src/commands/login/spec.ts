import type { CommandSpec } from '../types.ts';

export const loginSpec: CommandSpec = {
  name: 'login',
  summary: 'Sign in to a registry',
  description:
    "Tries the credentials against the registry, then stores them in place of the login in force: in Docker's file or its helper, in a containers-auth.json that already has one, or in --authfile. A login of a namespace (quay.io/team) goes to the latter two.",
  args: [
    {
      name: 'registry',
      summary: 'registry, or a namespace in it (default: docker.io)',
      required: false,
    },
  ],
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
    { command: 'regctl login', description: 'asks for a Docker Hub user and password' },
    {
      command: 'echo "$TOKEN" | regctl login ghcr.io -u me --password-stdin',
      description: 'for scripts',
    },
    { command: 'regctl login --get-login quay.io', description: 'who is signed in' },
    {
      command: 'regctl login quay.io/team',
      description: 'for this namespace alone, as podman does',
    },
  ],
  load: () => import('./run.ts'),
};
