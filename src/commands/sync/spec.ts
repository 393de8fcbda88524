import { COPY_OPTIONS } from '../input/copy-options.ts';
import { tagFilterOptions } from '../input/tag-filter.ts';
import type { CommandSpec, OptionSpec } from '../types.ts';

const nameOptions: readonly OptionSpec[] = [
  {
    flags: '--map <rule>',
    summary: 'name copies by PATTERN=TEMPLATE (repeatable)',
    kind: 'list',
  },
  { flags: '--keep-path', summary: 'keep the whole repository path below TO', kind: 'flag' },
  { flags: '--scoped', summary: 'keep registry and repository below TO', kind: 'flag' },
  { flags: '--flat', summary: 'keep the last part of the path below TO', kind: 'flag' },
  { flags: '--append-suffix <text>', summary: 'add text to each tag', kind: 'string' },
];

const whatOptions: readonly OptionSpec[] = [
  ...tagFilterOptions,
  {
    flags: '--glob <pattern>',
    summary: 'use only tags such as 3.* (repeatable)',
    kind: 'list',
  },
  COPY_OPTIONS.newest,
  {
    flags: '--by <order>',
    summary: 'what --newest goes by: version, or created',
    kind: 'string',
    choices: ['version', 'created'],
  },
  {
    flags: '--since <time>',
    summary: 'only tags younger than TIME, such as 30d',
    kind: 'string',
  },
  {
    flags: '--min-tags <n>',
    summary: 'fail if fewer tags of a repository match',
    kind: 'integer',
  },
  {
    flags: '--media-type <type>',
    summary: 'only manifests of this type (repeatable)',
    kind: 'list',
  },
  {
    flags: '--deep',
    summary: 'check also what equal images consist of',
    kind: 'flag',
  },
  {
    flags: '-a, --all',
    summary: 'all platforms (default, except in skopeo files)',
    kind: 'flag',
  },
  {
    flags: '--sparse-index',
    summary: 'with --platform, keep the index and its digest',
    kind: 'flag',
  },
  COPY_OPTIONS.referrers,
  COPY_OPTIONS.digestTags,
  {
    flags: '--immutable <glob>',
    summary: 'do not check existing tags (repeatable)',
    kind: 'list',
  },
  COPY_OPTIONS.missing,
  COPY_OPTIONS.allowNondistributable,
  COPY_OPTIONS.format,
  COPY_OPTIONS.preserveDigests,
];

const runOptions: readonly OptionSpec[] = [
  { flags: '--dry-run', summary: 'show what would be copied', kind: 'flag' },
  { flags: '--check', summary: 'compare only; exit 3 if out of date', kind: 'flag' },
  {
    flags: '--plan <file>',
    summary: 'write the plan to FILE, for "sync apply"',
    kind: 'string',
  },
  { flags: '--jobs <n>', summary: 'repositories at a time (default 8)', kind: 'integer' },
  { flags: '--abort-on-error', summary: 'stop at the first failure', kind: 'flag' },
  { flags: '--keep-going', summary: 'go on after a failure (default)', kind: 'flag', hidden: true },
  {
    flags: '--retry-delay <time>',
    summary: 'accepted for skopeo; no effect',
    kind: 'string',
    hidden: true,
  },
  {
    flags: '--delete [which]',
    summary: 'delete what left the source: owned, or all',
    kind: 'string',
    choices: ['owned', 'all'],
  },
  {
    flags: '--max-delete <n>',
    summary: 'most tags to delete: N or N% (default 10%)',
    kind: 'string',
  },
  {
    flags: '--delete-exclude <pattern>',
    summary: 'never delete these: glob or /REGEX/ (repeatable)',
    kind: 'list',
  },
  {
    flags: '--budget <n>',
    summary: 'most pulls of a run',
    kind: 'integer',
  },
  {
    flags: '--budget-left <n>',
    summary: "leave N pulls of the registry's limit",
    kind: 'integer',
  },
  {
    flags: '--on-budget <action>',
    summary: 'stop with 4, or wait (default: stop)',
    kind: 'string',
    choices: ['stop', 'wait'],
  },
  { flags: '--state <file>', summary: 'what earlier runs wrote; none: keep none', kind: 'string' },
  { flags: '--strict', summary: 'fail if the file has unknown keys', kind: 'flag' },
  {
    flags: '--backup <template>',
    summary: 'save what is overwritten: "old-{{.Ref.Tag}}"',
    kind: 'string',
  },
  {
    flags: '--shard <i/n>',
    summary: 'only part I of N of the repositories',
    kind: 'string',
  },
  {
    flags: '--listen <address>',
    summary: 'with server, where health and metrics are',
    kind: 'string',
  },
  {
    flags: '--jitter <time>',
    summary: 'with server, start up to TIME later, such as 5m',
    kind: 'string',
  },
  {
    flags: '--report <file>',
    summary: 'write the result as JSON to a file',
    kind: 'string',
  },
  {
    flags: '--digestfile <file>',
    summary: 'write digests and names to a file',
    kind: 'string',
  },
];

export const syncSpec: CommandSpec = {
  name: 'sync',
  summary: 'Copy repositories and keep them up to date',
  args: [
    {
      name: 'places',
      summary: 'FROM… TO; or config, status, server or apply, and a file',
      required: false,
      variadic: true,
    },
  ],
  options: [
    {
      flags: '--file <file>',
      summary: 'file of regsync or regctl; - is stdin',
      kind: 'string',
    },
    {
      flags: '--file-format <format>',
      summary: 'regctl, regsync or skopeo (default: by its keys)',
      kind: 'string',
      choices: ['regctl', 'regsync', 'skopeo'],
    },
    { flags: '--only <name>', summary: 'only jobs of this name (repeatable)', kind: 'list' },
    { flags: '--convert', summary: 'with config, print it in our own format', kind: 'flag' },
    {
      flags: '-s, --src <transport>',
      summary: "skopeo's form: docker, dir or yaml",
      kind: 'string',
      choices: ['docker', 'dir', 'yaml'],
    },
    {
      flags: '-d, --dest <transport>',
      summary: "skopeo's form: docker or dir",
      kind: 'string',
      choices: ['docker', 'dir'],
    },
    ...nameOptions,
    ...whatOptions,
    ...runOptions,
  ],
  // A server lets its runs end.
  graceMs: ([word]) => (word === 'server' ? 25_000 : undefined),
  hasSourceAndDestination: true,
  alsoUses: ['parallel', 'platform', 'policy'],
  manyRequests: true,
  examples: [
    {
      command: 'regctl sync docker.io/library/{alpine,busybox} registry.example.com/mirror/',
      description: 'Copy two repositories with all tags',
    },
    {
      command: 'regctl sync --dry-run ghcr.io/team/ registry.example.com/team/',
      description: 'Show what copying all below a name takes',
    },
    {
      command: 'regctl sync server regsync.yml --listen :8080',
      description: 'Run the jobs of a file by their schedules (once: sync --file regsync.yml)',
    },
  ],
  load: () => import('./run.ts'),
};
