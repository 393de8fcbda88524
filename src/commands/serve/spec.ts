import type { CommandSpec } from '../types.ts';
import { MAX_STOP_MS } from './stop.ts';

export const serveSpec: CommandSpec = {
  name: 'serve',
  summary: 'Run a registry on this machine',
  description:
    'Serves the OCI distribution API until interrupted. Keeps images in memory unless --dir names a directory. "serve check --dir DIR" reads everything that is stored in DIR and ends with 5 if anything is damaged or missing. "serve gc --dir DIR" removes blobs that no manifest needs.',
  args: [{ name: 'action', summary: 'check, gc, or nothing to serve', required: false }],
  options: [
    {
      flags: '--listen <address>',
      summary: 'address and port (default: 127.0.0.1:5000)',
      kind: 'string',
    },
    { flags: '--dir <dir>', summary: 'store images in DIR', kind: 'string' },
    {
      flags: '--htpasswd <file>',
      summary: 'require a login of FILE (bcrypt)',
      kind: 'string',
    },
    {
      flags: '--rules <file>',
      summary: 'who may pull, push and delete what (YAML)',
      kind: 'string',
    },
    {
      flags: '--tls-cert <file>',
      summary: 'serve HTTPS with this certificate chain (PEM)',
      kind: 'string',
    },
    { flags: '--tls-key <file>', summary: 'private key of the certificate (PEM)', kind: 'string' },
    {
      flags: '--host-name <name>',
      summary: 'also answer to this name without --htpasswd (repeatable)',
      kind: 'list',
    },
    {
      flags: '--upload-ttl <time>',
      summary: 'remove uploads idle for TIME (default: 24h)',
      kind: 'string',
    },
    {
      flags: '--gc-interval <time>',
      summary: 'collect garbage every TIME (default: never)',
      kind: 'string',
    },
    {
      flags: '--gc-grace <time>',
      summary: 'keep what is newer than TIME (default: 1h)',
      kind: 'string',
    },
    {
      flags: '--gc-untagged',
      summary: 'gc also removes untagged images',
      kind: 'flag',
    },
    {
      flags: '--gc-orphans',
      summary: 'gc also removes referrers without a subject',
      kind: 'flag',
    },
    {
      flags: '--max-uploads <size>',
      summary: 'limit all unfinished uploads together',
      kind: 'string',
    },
    { flags: '--max-body <size>', summary: 'limit the body of a request', kind: 'string' },
    {
      flags: '--max-rate <number>',
      summary: 'limit requests per second of a client address',
      kind: 'integer',
    },
    { flags: '--max-connections <number>', summary: 'limit open connections', kind: 'integer' },
    { flags: '--log-format <format>', summary: 'text or json (default: text)', kind: 'string' },
    {
      flags: '--metrics-listen <address>',
      summary: 'serve /metrics there, without a login',
      kind: 'string',
    },
    {
      flags: '--metrics-repositories',
      summary: 'count requests per repository',
      kind: 'flag',
    },
    {
      flags: '--stop-timeout <time>',
      summary: 'time for requests to end (default: 10s)',
      kind: 'string',
    },
    {
      flags: '--proxy <url>',
      summary: 'be a pull-through cache of this registry',
      kind: 'string',
    },
    {
      flags: '--proxy-prefix <prefix=url>',
      summary: 'and of this one, for names below PREFIX (repeatable)',
      kind: 'list',
    },
    {
      flags: '--proxy-ttl <time>',
      summary: 'trust a cached tag for TIME (default: 1m)',
      kind: 'string',
    },
    {
      flags: '--proxy-max-size <size>',
      summary: 'remove the least used images above SIZE',
      kind: 'string',
    },
    { flags: '--dry-run', summary: 'show what gc would remove; remove nothing', kind: 'flag' },
    { flags: '--ui', summary: 'also serve pages for the web browser', kind: 'flag' },
    { flags: '--read-only', summary: 'reject every write', kind: 'flag' },
    { flags: '--no-delete', summary: 'reject every deletion', kind: 'flag' },
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
    '--delete-untagged': '--gc-untagged',
  },
  uses: ['files', 'tls', 'network'],
  // The clients of a proxy try again, and cached content is better than a wait.
  sharedDefaults: { retryTimes: 1, retryMaxWait: '2s' },
  graceMs: ([word]) => (word === undefined ? MAX_STOP_MS + 10_000 : undefined),
  examples: [
    { command: 'regctl serve', description: 'Run a registry in memory at 127.0.0.1:5000' },
    {
      command: 'regctl serve --dir ./registry --listen 0.0.0.0:5000',
      description: 'Run a registry that keeps its images',
    },
    {
      command: 'regctl serve check --dir ./registry',
      description: 'Check everything that is stored',
    },
    {
      command: 'regctl serve --dir ./cache --proxy https://registry-1.docker.io',
      description: 'Run a pull-through cache of Docker Hub',
    },
    {
      command: 'regctl serve gc --dir ./registry --dry-run',
      description: 'Show what garbage collection would remove',
    },
  ],
  load: () => import('./run.ts'),
};
