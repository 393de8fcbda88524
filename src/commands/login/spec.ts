import type { CommandSpec } from '../types.ts';

export const loginSpec: CommandSpec = {
  name: 'login',
  summary: 'Log in to a registry',
  description:
    'Checks the credentials with the registry, then stores them where the current login is: in the configuration of Docker or its credential helper, in a containers-auth.json file, or in --authfile.',
  args: [
    {
      name: 'registry',
      summary: 'registry, or a namespace in it (default: docker.io)',
      required: false,
    },
  ],
  options: [
    { flags: '-u, --username <name>', summary: 'username', kind: 'string' },
    {
      flags: '-p, --password <password>',
      summary: 'password or token; visible to other users',
      kind: 'string',
    },
    { flags: '--password-stdin', summary: 'read the password from standard input', kind: 'flag' },
    { flags: '--get-login', summary: 'print the username of the stored login', kind: 'flag' },
  ],
  uses: ['files', 'tls', 'mirrors', 'network'],
  examples: [
    {
      command: 'regctl login',
      description: 'Log in to Docker Hub; asks for username and password',
    },
    {
      command: 'echo "$TOKEN" | regctl login ghcr.io -u me --password-stdin',
      description: 'Log in from a script',
    },
    { command: 'regctl login --get-login quay.io', description: 'Print the username of a login' },
    {
      command: 'regctl login quay.io/team',
      description: 'Log in to one namespace, as in Podman',
    },
  ],
  load: () => import('./run.ts'),
};
