import type { CommandSpec, OptionSpec } from '../types.ts';

const keepOptions: readonly OptionSpec[] = [
  { flags: '--keep <n>', summary: 'keep the newest N tags', kind: 'integer' },
  {
    flags: '--keep-per <group>',
    summary: 'count --keep per "major", "minor" or group of a regular expression',
    kind: 'string',
  },
  {
    flags: '--keep-tag <pattern>',
    summary: 'keep tags by a glob or /regular expression/ (may be repeated)',
    kind: 'list',
  },
  { flags: '--keep-semver <range>', summary: 'keep the versions of a range', kind: 'string' },
  { flags: '--keep-within <time>', summary: 'keep what is younger, such as 30d', kind: 'string' },
  { flags: '--keep-daily <n>', summary: 'keep the newest of each of N days', kind: 'integer' },
  { flags: '--keep-weekly <n>', summary: 'keep the newest of each of N weeks', kind: 'integer' },
  { flags: '--keep-monthly <n>', summary: 'keep the newest of each of N months', kind: 'integer' },
  { flags: '--keep-yearly <n>', summary: 'keep the newest of each of N years', kind: 'integer' },
];

const selectOptions: readonly OptionSpec[] = [
  {
    flags: '--tag <pattern>',
    summary: 'only tags that match a glob or /regular expression/ may go (may be repeated)',
    kind: 'list',
  },
  { flags: '--semver <range>', summary: 'only versions of a range may go', kind: 'string' },
  {
    flags: '--older-than <time>',
    summary: 'only what is older may go, such as 90d',
    kind: 'string',
  },
  { flags: '--prerelease', summary: 'only pre-releases may go', kind: 'flag' },
  {
    flags: '--untagged',
    summary: 'manifests without a tag go, where they are listed',
    kind: 'flag',
  },
  { flags: '--orphans', summary: 'referrers whose subject is gone go', kind: 'flag' },
  { flags: '--broken', summary: 'indexes of which something is missing go', kind: 'flag' },
  {
    flags: '--grace <time>',
    summary: 'leave what has no tag alone for so long (default: 24h)',
    kind: 'string',
  },
];

const safetyOptions: readonly OptionSpec[] = [
  {
    flags: '--protect-digest <digest>',
    summary: 'keep a manifest, whatever the rules say (may be repeated)',
    kind: 'list',
  },
  {
    flags: '--in-use <file>',
    summary: 'keep the images listed in a file, one a line; "-" is standard input',
    kind: 'list',
  },
  {
    flags: '--max-delete <limit>',
    summary: 'delete nothing when more would go than N, or N%',
    kind: 'string',
  },
  { flags: '--allow-empty', summary: 'allow a plan that keeps nothing', kind: 'flag' },
  {
    flags: '--untag-only',
    summary: 'remove names, and leave every manifest to the registry',
    kind: 'flag',
  },
];

const dateOptions: readonly OptionSpec[] = [
  {
    flags: '--sort <order>',
    summary: 'what --keep takes for newest (default: date)',
    kind: 'string',
    choices: ['date', 'version'],
  },
  {
    flags: '--clock <clock>',
    summary: 'the date that counts (default: auto, the push where it is known)',
    kind: 'string',
    choices: ['auto', 'pushed', 'created'],
  },
  {
    flags: '--assume-created',
    summary: 'believe dates such as 1970, and one date for all images',
    kind: 'flag',
  },
];

const runOptions: readonly OptionSpec[] = [
  { flags: '--rules <file>', summary: 'read the rules from a file', kind: 'string' },
  {
    flags: '--rules-format <format>',
    summary: 'format of the file (default: told by its keys)',
    kind: 'string',
    choices: ['regctl', 'ecr', 'zot', 'harbor', 'gar', 'gitlab'],
  },
  { flags: '-y, --yes', summary: 'delete what the plan names', kind: 'flag' },
  { flags: '--check', summary: 'exit with 3 when there is anything to delete', kind: 'flag' },
  { flags: '--explain', summary: 'show every tag with all rules that decided', kind: 'flag' },
  {
    flags: '--plan <file>',
    summary: 'write the plan to a file, for "prune apply"',
    kind: 'string',
  },
  {
    flags: '--backup <location>',
    summary: 'copy what goes to an OCI layout first, such as oci:backup',
    kind: 'string',
  },
  {
    flags: '--undo-script <file>',
    summary: 'write a shell script that brings back what goes',
    kind: 'string',
  },
];

export const pruneSpec: CommandSpec = {
  name: 'prune',
  summary: 'Delete old images by rules, and nothing that is still needed',
  description:
    'Shows what would go, and why; only --yes or "prune apply FILE" deletes. A keep rule always wins; selectors such as --tag and --older-than say what may go at all. Indexes keep what they list and images keep what refers to them, at every level. A repository of which anything cannot be read is left alone.',
  args: [
    {
      name: 'repository',
      summary: 'repository, OCI layout, HOST/PREFIX/** for all below, or: apply FILE',
      required: true,
      variadic: true,
    },
  ],
  options: [...keepOptions, ...selectOptions, ...safetyOptions, ...dateOptions, ...runOptions],
  longRunning: true,
  examples: [
    {
      command: 'regctl prune registry.example.com/app --keep 10 --keep-tag latest',
      description: 'what would go if ten tags and latest stay',
    },
    {
      command: "regctl prune registry.example.com/app --tag 'pr-*' --older-than 30d --yes",
      description: 'delete pull-request images of more than 30 days',
    },
    {
      command: "regctl prune 'registry.example.com/team/**' --rules prune.yaml --plan plan.json",
      description: 'a plan for all repositories below team, to look at',
    },
    { command: 'regctl prune apply plan.json', description: 'delete what that plan names' },
  ],
  load: () => import('./run.ts'),
};
