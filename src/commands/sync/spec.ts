import { tagFilterOptions } from '../input/tag-filter.ts';
import type { CommandSpec, OptionSpec } from '../types.ts';

const nameOptions: readonly OptionSpec[] = [
  {
    flags: '--map <rule>',
    summary:
      'name copies by PATTERN=TEMPLATE, such as "docker.io/library/*=hub/$1" (may be repeated)',
    kind: 'list',
  },
  { flags: '--keep-path', summary: 'keep the whole repository below TO', kind: 'flag' },
  { flags: '--scoped', summary: 'keep registry and repository below TO', kind: 'flag' },
  { flags: '--flat', summary: 'keep only the last part of the repository below TO', kind: 'flag' },
  { flags: '--append-suffix <text>', summary: 'text after each tag', kind: 'string' },
];

const whatOptions: readonly OptionSpec[] = [
  ...tagFilterOptions,
  { flags: '--newest <n>', summary: 'only the newest tags of each repository', kind: 'integer' },
  {
    flags: '-a, --all',
    summary: 'all platforms; the default but for files of skopeo',
    kind: 'flag',
  },
  { flags: '--sparse-index', summary: 'with --platform: keep index and digest', kind: 'flag' },
  { flags: '--referrers', summary: 'take signatures, SBOMs and attestations along', kind: 'flag' },
  { flags: '--digest-tags', summary: 'take tags of the form sha256-… along', kind: 'flag' },
  {
    flags: '--immutable <glob>',
    summary: 'tags that never move: what exists is not asked for (may be repeated)',
    kind: 'list',
  },
  { flags: '--missing', summary: 'copy only tags that the target does not have', kind: 'flag' },
  {
    flags: '--allow-nondistributable',
    summary: 'also copy foreign layers (base layers of Windows)',
    kind: 'flag',
  },
  {
    flags: '-f, --format <format>',
    summary: 'convert manifests: oci, or v2s2 for Docker',
    kind: 'string',
    choices: ['oci', 'v2s2'],
  },
  {
    flags: '--preserve-digests',
    summary: 'refuse what would give a copy another digest',
    kind: 'flag',
  },
];

const runOptions: readonly OptionSpec[] = [
  { flags: '--dry-run', summary: 'say what would be done; write nothing', kind: 'flag' },
  { flags: '--check', summary: 'exit 3 if something is out of date; write nothing', kind: 'flag' },
  { flags: '--jobs <n>', summary: 'repositories at a time (default: 8)', kind: 'integer' },
  { flags: '--abort-on-error', summary: 'stop at the first image that fails', kind: 'flag' },
  { flags: '--keep-going', summary: 'go on after a failure; the default', kind: 'flag' },
  {
    flags: '--retry-delay <time>',
    summary: 'as skopeo; has no effect',
    kind: 'string',
    hidden: true,
  },
  { flags: '--strict', summary: 'refuse files with unknown keys', kind: 'flag' },
  {
    flags: '--backup <template>',
    summary: 'save what is overwritten, such as "old-{{.Ref.Tag}}"',
    kind: 'string',
  },
  {
    flags: '--shard <i/n>',
    summary: 'only the part I of N of the target repositories',
    kind: 'string',
  },
  {
    flags: '--digestfile <file>',
    summary: 'write a line "DIGEST docker://NAME" for each image here',
    kind: 'string',
  },
];

export const syncSpec: CommandSpec = {
  name: 'sync',
  summary: 'Keep repositories the same as others, as often as it is run',
  args: [
    {
      name: 'places',
      summary: 'FROM… TO, or "config" and a file',
      required: false,
      variadic: true,
    },
  ],
  options: [
    {
      flags: '--file <file>',
      summary: 'sync file of skopeo, regsync or regctl; "-" is standard input',
      kind: 'string',
    },
    {
      flags: '--file-format <format>',
      summary: 'format of the file; told by its shape by default',
      kind: 'string',
      choices: ['regctl', 'regsync', 'skopeo'],
    },
    { flags: '--only <name>', summary: 'only jobs of this name (may be repeated)', kind: 'list' },
    { flags: '--convert', summary: 'with config: print it as a file of regctl', kind: 'flag' },
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
  hasSourceAndDestination: true,
  longRunning: true,
  examples: [
    {
      command: 'regctl sync docker.io/library/{alpine,busybox} registry.example.com/mirror/',
      description: 'two repositories with all their tags',
    },
    {
      command: 'regctl sync --dry-run ghcr.io/team/ registry.example.com/team/',
      description: 'what it takes to bring over all below a name',
    },
    { command: 'regctl sync --file regsync.yml', description: 'what a file of regsync says' },
    {
      command: 'regctl sync --src yaml --dest docker --all sync.yml registry.example.com/mirror',
      description: 'what a file of skopeo says',
    },
    { command: 'regctl sync config regsync.yml', description: 'how a file is understood' },
  ],
  load: () => import('./run.ts'),
};
