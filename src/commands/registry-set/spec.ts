import type { CommandSpec } from '../types.ts';

export const registrySetSpec: CommandSpec = {
  name: 'registry-set',
  summary: 'Save settings of a registry in the file of regclient',
  description:
    'Writes the file of REGCTL_CONFIG, else ~/.regctl/config.json. regctl itself reads its TLS settings and logins; the other members are kept for regclient.',
  args: [{ name: 'registry', summary: 'registry', required: true }],
  options: [
    {
      flags: '--tls <mode>',
      summary: 'how TLS is used',
      kind: 'string',
      choices: ['enabled', 'insecure', 'disabled'],
    },
    { flags: '--hostname <host>', summary: 'host that is dialed', kind: 'string' },
    { flags: '--path-prefix <path>', summary: 'path before the repository', kind: 'string' },
    { flags: '--mirror <registry>', summary: 'mirror (may be repeated)', kind: 'list' },
    { flags: '--priority <n>', summary: 'priority among mirrors', kind: 'integer' },
    { flags: '--cacert <pem>', summary: 'certificate of the authority', kind: 'string' },
    { flags: '--client-cert <pem>', summary: 'certificate of the client', kind: 'string' },
    { flags: '--client-key <pem>', summary: 'key of the client', kind: 'string' },
    { flags: '--repo-auth', summary: 'a login for each repository', kind: 'flag' },
    { flags: '--blob-chunk <bytes>', summary: 'size of the pieces of a blob', kind: 'integer' },
    { flags: '--blob-max <bytes>', summary: 'largest blob in one request', kind: 'integer' },
    { flags: '--req-per-sec <n>', summary: 'requests a second', kind: 'integer' },
    { flags: '--req-concurrent <n>', summary: 'requests at a time', kind: 'integer' },
    { flags: '--cred-helper <name>', summary: 'credential helper', kind: 'string' },
    { flags: '--skip-check', summary: 'do not ask the registry', kind: 'flag' },
  ],
  hidden: true,
  examples: [
    {
      command: 'regctl registry-set registry.example.com --tls insecure',
      description: 'Accept any certificate of a registry',
    },
    {
      command: 'regctl registry-set localhost:5000 --tls disabled',
      description: 'Use HTTP for a registry',
    },
  ],
  load: () => import('./run.ts'),
};
