import type { CommandSpec } from '../types.ts';

export const serveSpec: CommandSpec = {
  name: 'serve',
  summary: 'Run a registry on this machine',
  description:
    'Serves the OCI distribution API from memory, or from a directory with --dir, until it is interrupted. "serve check --dir DIRECTORY" reads everything that is stored there and exits with 5 if anything is damaged or missing.',
  args: [{ name: 'action', summary: '"check", or nothing to serve', required: false }],
  options: [
    {
      flags: '--listen <address>',
      summary: 'address to listen on (default: 127.0.0.1:5000; port 0 picks a free one)',
      kind: 'string',
    },
    { flags: '--dir <directory>', summary: 'keep everything in this directory', kind: 'string' },
    {
      flags: '--htpasswd <file>',
      summary: 'ask for the users of this file (bcrypt)',
      kind: 'string',
    },
    {
      flags: '--tls-cert <file>',
      summary: 'certificate chain (PEM); serves HTTPS',
      kind: 'string',
    },
    { flags: '--tls-key <file>', summary: 'private key (PEM) of the certificate', kind: 'string' },
    {
      flags: '--host-name <name>',
      summary: 'without --htpasswd, also answer to this name (may be repeated)',
      kind: 'list',
    },
    {
      flags: '--upload-ttl <time>',
      summary: 'end uploads that nothing was added to for so long (default: 24h)',
      kind: 'string',
    },
    { flags: '--read-only', summary: 'refuse every write', kind: 'flag' },
    { flags: '--no-delete', summary: 'refuse to delete', kind: 'flag' },
  ],
  otherNames: {
    '--port': '--listen',
    '-p': '--listen',
    '--addr': '--listen',
    '--address': '--listen',
    '--bind': '--listen',
    '--host': '--listen',
    '--store': '--dir',
    '--storage': '--dir',
    '--root': '--dir',
    '--data': '--dir',
    '--disk': '--dir',
    '--cert': '--tls-cert',
    '--key': '--tls-key',
    '--auth': '--htpasswd',
    '--users': '--htpasswd',
  },
  examples: [
    { command: 'regctl serve', description: 'a registry in memory at 127.0.0.1:5000' },
    {
      command: 'regctl serve --dir ./registry --listen 0.0.0.0:5000',
      description: 'one that lasts',
    },
    {
      command: 'regctl serve check --dir ./registry',
      description: 'read all of it, and say what is damaged',
    },
  ],
  load: () => import('./run.ts'),
};
