import type { CommandSpec, OptionSpec, SharedOptions } from '../../commands/types.ts';

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
const SIDED: readonly OptionSpec[] = [...LOGIN, AUTHFILE, ...TLS, ...PLACES];

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
        summary: 'images that may be copied (containers-policy.json)',
        kind: 'string',
      },
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

/** Groups that a command uses by default: those for commands that talk to registries. */
const REGISTRY_OPTIONS: readonly SharedOptions[] = [
  'login',
  'files',
  'tls',
  'local',
  'mirrors',
  'network',
];

/** The groups that a command uses; every command uses `output`. */
export function usedGroups(spec: CommandSpec): readonly FlagGroup[] {
  const ids = new Set<SharedOptions>([
    ...(spec.uses ?? REGISTRY_OPTIONS),
    ...(spec.alsoUses ?? []),
    'output',
  ]);
  return FLAG_GROUPS.filter(({ id }) => ids.has(id));
}

/** Whether a command uses an option of `GLOBAL_FLAGS`; always accepts skopeo's hidden ones. */
export function isUsed(spec: CommandSpec, flag: OptionSpec): boolean {
  return flag.hidden === true || usedGroups(spec).some(({ flags }) => flags.includes(flag));
}

const SIDES = [
  { prefix: 'src', of: 'the source' },
  { prefix: 'dest', of: 'the destination' },
] as const;

/** `--creds <u>` → `--src-creds <u>` and `--dest-creds <u>`. */
export const SIDE_FLAGS: readonly OptionSpec[] = SIDES.flatMap(({ prefix, of }) =>
  SIDED.map((flag) => ({
    ...flag,
    flags: flag.flags.replace(/^--/u, `--${prefix}-`),
    summary: `${flag.summary}: for ${of}`,
  })),
);

export const GLOBAL_FLAGS: readonly OptionSpec[] = FLAG_GROUPS.flatMap((group) => group.flags);

/** `--no-tags` of "-n, --no-tags"; `undefined` if there is only a short form. */
export function longName(flags: string): string | undefined {
  return /--[\w-]+/u.exec(flags)?.[0];
}

/** `-n` of "-n, --no-tags". */
export function shortName(flags: string): string | undefined {
  return /(?:^|[\s,])(-\w)\b/u.exec(flags)?.[1];
}

/**
 * The shared options that `spec` accepts after its name. Its own options take precedence, such as
 * skopeo's `--format` of `copy`; before the command's name, the shared option keeps its meaning.
 */
export function sharedFlags(spec: CommandSpec): readonly OptionSpec[] {
  const longs = new Set(spec.options.map((option) => longName(option.flags)));
  const shorts = new Set(spec.options.map((option) => shortName(option.flags)));
  const used = GLOBAL_FLAGS.filter((flag) => isUsed(spec, flag));
  return [...used, ...(spec.hasSourceAndDestination === true ? SIDE_FLAGS : [])]
    .filter((flag) => !longs.has(longName(flag.flags)))
    .map((flag) =>
      shorts.has(shortName(flag.flags)) && shortName(flag.flags) !== undefined
        ? { ...flag, flags: flag.flags.replace(/^-\w,\s*/u, '') }
        : flag,
    );
}
