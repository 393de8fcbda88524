import type { OptionSpec, SharedOptions } from '../../commands/types.ts';

/** A heading of `regctl help options` and its options; commands refer to it by `id`. */
export interface FlagGroup {
  readonly id: SharedOptions;
  readonly heading: string;
  readonly flags: readonly OptionSpec[];
}

/** Options that exist for each side: plain, `--src-…` and `--dest-…`. */
const LOGIN: readonly OptionSpec[] = [
  {
    flags: '--creds <user:password>',
    summary: 'log in with this username and password',
    kind: 'string',
  },
  { flags: '--username <name>', summary: 'log in with this username', kind: 'string' },
  { flags: '--password <password>', summary: 'password for --username', kind: 'string' },
  { flags: '--registry-token <token>', summary: 'send this bearer token', kind: 'string' },
  { flags: '--no-creds', summary: 'send no credentials', kind: 'flag' },
];
const AUTHFILE: OptionSpec = {
  flags: '--authfile <file>',
  summary: 'read logins from this file',
  kind: 'string',
};
const TLS: readonly OptionSpec[] = [
  { flags: '--tls-verify [bool]', summary: 'verify certificates (default: true)', kind: 'boolean' },
  { flags: '--plain-http', summary: 'use HTTP without TLS', kind: 'flag' },
  {
    flags: '--cert-dir <dir>',
    summary: 'directory with *.crt, *.cert and *.key files',
    kind: 'string',
  },
];
const PLACES: readonly OptionSpec[] = [
  { flags: '--daemon-host <url>', summary: 'address of the Docker daemon', kind: 'string' },
  {
    flags: '--shared-blob-dir <dir>',
    summary: 'directory for the blobs of several OCI layouts',
    kind: 'string',
  },
];
/** Options that exist for the source and for the destination. */
export const SIDED: readonly OptionSpec[] = [...LOGIN, AUTHFILE, ...TLS, ...PLACES];

/** Options that several commands share. */
export const FLAG_GROUPS: readonly FlagGroup[] = [
  { id: 'login', heading: 'Login', flags: LOGIN },
  {
    id: 'files',
    heading: 'Login files',
    flags: [
      AUTHFILE,
      { flags: '--config <dir>', summary: 'configuration directory of Docker', kind: 'string' },
    ],
  },
  {
    id: 'tls',
    heading: 'TLS and trust',
    flags: [
      ...TLS,
      {
        flags: '--allow-realm <host>',
        summary: 'token server that may receive credentials (repeatable)',
        kind: 'list',
      },
    ],
  },
  {
    id: 'local',
    heading: 'Local images and files',
    flags: [
      ...PLACES,
      { flags: '--tmpdir <dir>', summary: 'directory for temporary files', kind: 'string' },
    ],
  },
  {
    id: 'mirrors',
    heading: 'Mirrors',
    flags: [
      {
        flags: '--registries-conf <file>',
        summary: 'mirrors, rewrites and blocks of registries',
        kind: 'string',
      },
      {
        flags: '--daemon-config <file>',
        summary: 'mirrors and insecure registries of Docker (daemon.json)',
        kind: 'string',
      },
    ],
  },
  {
    id: 'network',
    heading: 'Retries and time limits',
    flags: [
      {
        flags: '--retry-times <n>',
        summary: 'retries of a failed request (default: 5)',
        kind: 'integer',
      },
      {
        flags: '--retry-max-wait <duration>',
        summary: 'longest total wait for one request (default: 5m)',
        kind: 'string',
      },
      {
        flags: '--retry-delay <duration>',
        summary: 'wait before each retry (default: grows)',
        kind: 'string',
      },
      {
        flags: '--header-timeout <duration>',
        summary: 'longest wait for an answer (default: 1m; blobs: 5m)',
        kind: 'string',
      },
      {
        flags: '--idle-timeout <duration>',
        summary: 'longest pause within an answer (default: 1m)',
        kind: 'string',
      },
      {
        flags: '--min-speed <n>',
        summary: 'slowest transfer in bytes per second; 0 is no limit (default: 64)',
        kind: 'integer',
      },
      {
        flags: '--user-agent <text>',
        summary: 'send TEXT as User-Agent (default: regctl/VERSION)',
        kind: 'string',
      },
    ],
  },
  {
    id: 'parallel',
    heading: 'Parallel requests',
    flags: [
      {
        flags: '--concurrency <n>',
        summary: 'parallel requests to each registry (default: 6)',
        kind: 'integer',
      },
    ],
  },
  {
    id: 'platform',
    heading: 'Platform',
    flags: [
      {
        flags: '--platform <os/arch>',
        summary: 'use this platform: OS/ARCH[/VARIANT][:OSVERSION]',
        kind: 'list',
      },
      { flags: '--override-os <os>', summary: 'as in skopeo', kind: 'string', hidden: true },
      { flags: '--override-arch <arch>', summary: 'as in skopeo', kind: 'string', hidden: true },
      { flags: '--override-variant <v>', summary: 'as in skopeo', kind: 'string', hidden: true },
    ],
  },
  {
    id: 'policy',
    heading: 'Trust policy',
    flags: [
      {
        flags: '--policy <file>',
        summary: 'images that may be copied (YAML, or policy.json of skopeo)',
        kind: 'string',
      },
      {
        flags: '--verify-key <file>',
        summary: 'copy only what this public key signed (repeatable)',
        kind: 'list',
      },
      {
        flags: '--policy-accept-bundles',
        summary: 'bundles satisfy a policy.json that asks for no name',
        kind: 'flag',
      },
      // When called as skopeo: the signature of an index does not stand for its images.
      { flags: '--policy-each-image', summary: 'as skopeo', kind: 'flag', hidden: true },
      { flags: '--insecure-policy', summary: 'apply no policy', kind: 'flag', hidden: true },
      // When called as skopeo: applies the policy in skopeo's files.
      { flags: '--host-policy', summary: "the machine's policy", kind: 'flag', hidden: true },
    ],
  },
  {
    id: 'output',
    heading: 'Output',
    flags: [
      {
        flags: '-o, --output <form>',
        summary: 'print text, json or ndjson',
        kind: 'string',
        choices: ['text', 'json', 'ndjson'],
      },
      {
        flags: '--format <template>',
        summary: "print a Go template: '{{.Digest}}', '{{json .Labels}}'",
        kind: 'string',
      },
      {
        flags: '--progress <form>',
        summary: 'show progress as auto, bar, plain, json or none',
        kind: 'string',
        choices: ['auto', 'bar', 'plain', 'json', 'none'],
      },
      { flags: '-q, --quiet', summary: 'hide progress and notes', kind: 'flag' },
      { flags: '--debug', summary: 'trace requests on stderr, secrets hidden', kind: 'flag' },
      { flags: '--no-color', summary: 'use no colors (also: NO_COLOR)', kind: 'flag' },
      {
        flags: '--command-timeout <duration>',
        summary: 'stop after this time, such as 30s or 5m',
        kind: 'string',
      },
    ],
  },
];
