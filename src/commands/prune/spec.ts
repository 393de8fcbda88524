import { grouped } from '../input/copy-options.ts';
import type { CommandSpec, OptionSpec } from '../types.ts';

const keepOptions: readonly OptionSpec[] = [
  { flags: '--keep <n>', summary: 'keep the newest N tags', kind: 'integer' },
  {
    flags: '--keep-per <group>',
    summary: 'count --keep per major, minor or REGEX group',
    kind: 'string',
  },
  {
    flags: '--keep-tag <pattern>',
    summary: 'keep tags by glob or /REGEX/ (repeatable)',
    kind: 'list',
  },
  { flags: '--keep-semver <range>', summary: 'keep versions in RANGE', kind: 'string' },
  {
    flags: '--keep-within <time>',
    summary: 'keep what is younger than TIME, such as 30d',
    kind: 'string',
  },
  {
    flags: '--keep-pulled-within <time>',
    summary: 'keep what was pulled within TIME, if known',
    kind: 'string',
  },
  { flags: '--keep-daily <n>', summary: 'keep the newest of each of N days', kind: 'integer' },
  { flags: '--keep-weekly <n>', summary: 'keep the newest of each of N weeks', kind: 'integer' },
  { flags: '--keep-monthly <n>', summary: 'keep the newest of each of N months', kind: 'integer' },
  { flags: '--keep-yearly <n>', summary: 'keep the newest of each of N years', kind: 'integer' },
];

const selectOptions: readonly OptionSpec[] = [
  {
    flags: '--tag <pattern>',
    summary: 'delete only tags by glob or /REGEX/ (repeatable)',
    kind: 'list',
  },
  { flags: '--semver <range>', summary: 'delete only versions in RANGE', kind: 'string' },
  {
    flags: '--older-than <time>',
    summary: 'delete only what is older than TIME, such as 90d',
    kind: 'string',
  },
  { flags: '--prerelease', summary: 'delete only pre-releases', kind: 'flag' },
  {
    flags: '--untagged',
    summary: 'delete manifests without a tag',
    kind: 'flag',
  },
  { flags: '--orphans', summary: 'delete referrers whose subject is missing', kind: 'flag' },
  { flags: '--broken', summary: 'delete indexes with missing manifests', kind: 'flag' },
  {
    flags: '--grace <time>',
    summary: 'keep untagged manifests for TIME (default: 24h)',
    kind: 'string',
  },
];

const safetyOptions: readonly OptionSpec[] = [
  {
    flags: '--protect-digest <digest>',
    summary: 'keep this manifest always (repeatable)',
    kind: 'list',
  },
  {
    flags: '--protect-file <file>',
    summary: 'keep what FILE lists always (repeatable)',
    kind: 'list',
  },
  {
    flags: '--in-use <file>',
    summary: 'keep the images listed in FILE; - is stdin',
    kind: 'list',
  },
  {
    flags: '--max-delete <limit>',
    summary: 'fail if more than N or N% would be deleted',
    kind: 'string',
  },
  { flags: '--allow-empty', summary: 'allow a plan that keeps nothing', kind: 'flag' },
  {
    flags: '--abort-on-error',
    summary: 'stop at the first repository that fails',
    kind: 'flag',
  },
  {
    flags: '--untag-only',
    summary: 'remove only tags; leave manifests to the registry',
    kind: 'flag',
  },
];

const dateOptions: readonly OptionSpec[] = [
  {
    flags: '--sort <order>',
    summary: 'date, version, pushed, created, pulled (default: date)',
    kind: 'string',
    choices: ['date', 'version', 'pushed', 'created', 'pulled'],
  },
  {
    flags: '--clock <clock>',
    summary: 'date to use: auto, pushed or created (default: auto)',
    kind: 'string',
    choices: ['auto', 'pushed', 'created'],
  },
  {
    flags: '--assume-created',
    summary: 'accept dates such as 1970, or one date for all images',
    kind: 'flag',
  },
];

const runOptions: readonly OptionSpec[] = [
  { flags: '--rules <file>', summary: 'read rules from FILE', kind: 'string' },
  {
    flags: '--rules-format <format>',
    summary: 'format of FILE (default: detected)',
    kind: 'string',
    choices: ['regctl', 'ecr', 'zot', 'harbor', 'gar', 'gitlab'],
  },
  { flags: '--jobs <n>', summary: 'repositories at a time (default: 1)', kind: 'integer' },
  { flags: '--shard <i/n>', summary: 'only part I of N of the repositories', kind: 'string' },
  { flags: '-y, --yes', summary: 'delete what the plan lists', kind: 'flag' },
  { flags: '--check', summary: 'exit with status 3 if there is anything to delete', kind: 'flag' },
  { flags: '--explain', summary: 'show every tag with the rules that decided', kind: 'flag' },
  {
    flags: '--plan <file>',
    summary: 'write the plan to FILE, for "prune apply"',
    kind: 'string',
  },
  {
    flags: '--backup <location>',
    summary: 'first copy what goes to LOCATION (oci:DIR)',
    kind: 'string',
  },
  {
    flags: '--undo-script <file>',
    summary: 'write a shell script that restores what is deleted',
    kind: 'string',
  },
];

export const pruneSpec: CommandSpec = {
  name: 'prune',
  summary: 'Delete old images by rules',
  description:
    'Shows what would be deleted and why; only --yes or "prune apply FILE" deletes. Keep rules always win over selectors such as --tag. An index keeps what it lists, and an image keeps its referrers. Skips a repository that cannot be read completely.',
  args: [
    {
      name: 'repository',
      summary: 'repository, OCI layout, HOST/PREFIX/** for all below, or: apply FILE',
      required: true,
      variadic: true,
    },
  ],
  options: [
    ...grouped('Keep', ...keepOptions),
    ...grouped('Delete', ...selectOptions),
    ...grouped('Safety', ...safetyOptions),
    ...grouped('Dates', ...dateOptions),
    ...grouped('Run', ...runOptions),
  ],
  alsoUses: ['parallel'],
  manyRequests: true,
  examples: [
    {
      command: 'regctl prune registry.example.com/app --keep 10 --keep-tag latest',
      description: 'Show what is deleted if ten tags and latest stay',
    },
    {
      command: "regctl prune registry.example.com/app --tag 'pr-*' --older-than 30d --yes",
      description: 'Delete pull-request images older than 30 days',
    },
    {
      command: "regctl prune 'registry.example.com/team/**' --rules prune.yaml --plan plan.json",
      description: 'Write a plan for all repositories below team',
    },
    { command: 'regctl prune apply plan.json', description: 'Delete what a plan lists' },
  ],
  load: () => import('./run.ts'),
};
