import type { CommandSpec, OptionSpec } from '../../commands/types.ts';

/** A heading of the help page and the options below it. */
export interface FlagGroup {
  readonly heading: string;
  readonly flags: readonly OptionSpec[];
}

/** Flags that exist once per side: plain, `--src-…` and `--dest-…`. */
const SIDED: readonly OptionSpec[] = [
  { flags: '--creds <user:password>', summary: 'sign in as this user', kind: 'string' },
  { flags: '--username <name>', summary: 'user name to sign in with', kind: 'string' },
  { flags: '--password <password>', summary: 'its password', kind: 'string' },
  { flags: '--registry-token <token>', summary: 'bearer token, sent as it is', kind: 'string' },
  { flags: '--no-creds', summary: 'use no credentials at all', kind: 'flag' },
  { flags: '--authfile <file>', summary: 'read credentials from this file', kind: 'string' },
  {
    flags: '--tls-verify [bool]',
    summary: 'check certificates (default: true)',
    kind: 'boolean',
  },
  { flags: '--plain-http', summary: 'speak HTTP without TLS', kind: 'flag' },
  { flags: '--cert-dir <dir>', summary: 'certificates: *.crt, *.cert, *.key', kind: 'string' },
  { flags: '--daemon-host <url>', summary: 'where the Docker daemon listens', kind: 'string' },
  {
    flags: '--shared-blob-dir <dir>',
    summary: 'blobs of OCI layouts, for several together',
    kind: 'string',
  },
];

/** Flags of every command, as the help page groups them. */
export const FLAG_GROUPS: readonly FlagGroup[] = [
  {
    heading: 'Connection',
    flags: [
      ...SIDED,
      { flags: '--config <dir>', summary: "Docker's configuration folder", kind: 'string' },
      {
        flags: '--registries-conf <file>',
        summary: 'mirrors, rewrites and blocks of registries',
        kind: 'string',
      },
      {
        flags: '--daemon-config <file>',
        summary: "Docker's daemon.json: mirrors, insecure registries",
        kind: 'string',
      },
      {
        flags: '--allow-realm <host>',
        summary: 'token host that may receive credentials (repeatable)',
        kind: 'list',
      },
      {
        flags: '--retry-times <n>',
        summary: 'tries after a failed request (default: 5)',
        kind: 'integer',
      },
      {
        flags: '--retry-max-wait <duration>',
        summary: 'most a request waits in all to be tried again (default: 5m)',
        kind: 'string',
      },
      {
        flags: '--retry-delay <duration>',
        summary: 'the same wait before every other try (default: one that grows)',
        kind: 'string',
      },
      {
        flags: '--header-timeout <duration>',
        summary: "most time to an answer's first byte (default: 1m; blobs: 5m)",
        kind: 'string',
      },
      {
        flags: '--idle-timeout <duration>',
        summary: 'most time between two bytes of an answer (default: 1m)',
        kind: 'string',
      },
      {
        flags: '--min-speed <n>',
        summary: 'bytes a second below which a transfer stalls (default: 64; 0: none)',
        kind: 'integer',
      },
      {
        flags: '--user-agent <text>',
        summary: 'send TEXT as User-Agent (default: regctl/VERSION)',
        kind: 'string',
      },
      {
        flags: '--command-timeout <duration>',
        summary: 'give up after this long: 30s, 5m',
        kind: 'string',
      },
      { flags: '--tmpdir <dir>', summary: 'directory of temporary files', kind: 'string' },
      {
        flags: '--concurrency <n>',
        summary: 'requests to each side at a time (default: 6)',
        kind: 'integer',
      },
    ],
  },
  {
    heading: 'Image',
    flags: [
      {
        flags: '--platform <os/arch>',
        summary: 'platform: OS/ARCH[/VARIANT][:OSVERSION]',
        kind: 'list',
      },
      { flags: '--override-os <os>', summary: 'as skopeo', kind: 'string', hidden: true },
      { flags: '--override-arch <arch>', summary: 'as skopeo', kind: 'string', hidden: true },
      { flags: '--override-variant <v>', summary: 'as skopeo', kind: 'string', hidden: true },
    ],
  },
  {
    heading: 'Trust',
    flags: [
      {
        flags: '--policy <file>',
        summary: 'which images may be copied (containers-policy.json)',
        kind: 'string',
      },
      { flags: '--insecure-policy', summary: 'ask no policy', kind: 'flag', hidden: true },
      // Under the name of skopeo: the policy that its files say.
      { flags: '--host-policy', summary: "the machine's policy", kind: 'flag', hidden: true },
    ],
  },
  {
    heading: 'Output',
    flags: [
      {
        flags: '-o, --output <form>',
        summary: 'text, json or ndjson',
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
        summary: 'auto, bar, plain, json or none',
        kind: 'string',
        choices: ['auto', 'bar', 'plain', 'json', 'none'],
      },
      { flags: '-q, --quiet', summary: 'no progress and no notes', kind: 'flag' },
      { flags: '--debug', summary: 'trace the requests on stderr, secrets hidden', kind: 'flag' },
      { flags: '--no-color', summary: 'no colour (also: NO_COLOR)', kind: 'flag' },
    ],
  },
];

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
 * The options of every command that `spec` takes after its name. Its own options come first: `copy`
 * has skopeo's `--format`, `inspect` its `--config`, and the flag of every command keeps its meaning
 * in front of the command's name.
 */
export function sharedFlags(spec: CommandSpec): readonly OptionSpec[] {
  const longs = new Set(spec.options.map((option) => longName(option.flags)));
  const shorts = new Set(spec.options.map((option) => shortName(option.flags)));
  return [...GLOBAL_FLAGS, ...(spec.hasSourceAndDestination === true ? SIDE_FLAGS : [])]
    .filter((flag) => !longs.has(longName(flag.flags)))
    .map((flag) =>
      shorts.has(shortName(flag.flags)) && shortName(flag.flags) !== undefined
        ? { ...flag, flags: flag.flags.replace(/^-\w,\s*/u, '') }
        : flag,
    );
}
