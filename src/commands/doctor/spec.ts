import type { CommandSpec } from '../types.ts';

export const doctorSpec: CommandSpec = {
  name: 'doctor',
  summary: 'Diagnose the connection to a registry',
  description:
    'Checks name, files, proxy, DNS, TCP, TLS, API, challenge, credentials, token, access, clock, mirrors, pull limit and cache in order, and prints how to fix what fails. Exit status 1 if a check fails. Prints no secret and uses no pull.',
  args: [
    {
      name: 'registry',
      summary: 'HOST[:PORT], or a repository to read from: HOST/NAMESPACE/REPO',
      required: true,
    },
  ],
  options: [],
  printsResult: true,
  examples: [
    {
      command: 'regctl doctor registry.example.com:5000',
      description: 'Find out why a registry does not answer',
    },
    {
      command: 'regctl doctor ghcr.io/me/app',
      description: 'Check whether the login can read a repository',
    },
    {
      command: 'regctl doctor -o json docker.io',
      description: 'Monitor a registry: exit status 1 if a check fails',
    },
  ],
  load: () => import('./run.ts'),
};
