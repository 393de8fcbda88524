import type { CommandSpec } from '../types.ts';

export const doctorSpec: CommandSpec = {
  name: 'doctor',
  summary: 'Look at the way to a registry step by step, and say what to mend',
  description:
    'Checks name, files, proxy, DNS, TCP, TLS, /v2/, challenge, credentials, token, access, clock, mirrors, rate limit and cache: a verdict each, and the cure of what fails. Exits with 1 when a check fails; warnings do not count. No secret is printed and no pull is spent.',
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
      description: 'why a registry does not answer',
    },
    {
      command: 'regctl doctor ghcr.io/me/app',
      description: 'whether the login may read this repository',
    },
    {
      command: 'regctl doctor -o json docker.io',
      description: 'for monitoring; exit status 1 when broken',
    },
  ],
  load: () => import('./run.ts'),
};
