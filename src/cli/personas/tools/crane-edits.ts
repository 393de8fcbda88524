import type { Line, OptionRules, Verb } from '../types.ts';

/** Words of a list with commas, which crane takes for one option. */
const each =
  (option: string) =>
  (value: string): readonly string[] =>
    value.split(',').map((one) => `${option}=${one}`);

/** A list with commas becomes a JSON array. */
const words =
  (option: string) =>
  (value: string): readonly string[] => [
    `${option}=${value.startsWith('[') ? value : JSON.stringify(value.split(','))}`,
  ];

const OUTPUT = { refused: 'Write an archive: --tag docker-archive:FILE:NAME' };

/** crane prints REPOSITORY@DIGEST, also for a tag. */
const REFERENCE = '--format={{.Reference}}';

const MUTATE: OptionRules = {
  '-l, --label <label>': each('--label'),
  '-a, --annotation <annotation>': each('--annotation'),
  '-e, --env <variable>': each('--env'),
  '--entrypoint <words>': words('--entrypoint'),
  '--cmd <words>': words('--cmd'),
  '-u, --user <user>': '--user',
  '-w, --workdir <path>': '--workdir',
  '--exposed-ports <ports>': each('--expose'),
  '--append <files>': each('--append'),
  '--set-platform <platform>': '--set-platform',
  '-t, --tag <image>': '--tag',
  '-o, --output <file>': OUTPUT,
  '--repo <repository>': { refused: 'Name the result: --tag' },
};

/** The base, or nothing to start from. */
const onBase = (line: Line): readonly string[] => {
  const base = line.value('base');
  return base === undefined ? [] : [base];
};

/** crane's verbs that change an image. */
export const craneEdits: readonly Verb[] = [
  { words: 'mutate', to: ['mutate'], options: MUTATE, defaults: () => [REFERENCE] },
  {
    words: 'append',
    to: ['mutate'],
    options: {
      '-b, --base <image>': () => [],
      '-f, --new_layer <files>': each('--append'),
      '-t, --new_tag <image>': '--tag',
      '-o, --output <file>': OUTPUT,
      '--oci-empty-base': { ignored: 'an image from scratch is OCI' },
      '--set-base-image-annotations': {
        refused: 'Set them: --annotation org.opencontainers.image.base.name=NAME',
      },
    },
    args: onBase,
    defaults: (line) => [REFERENCE, ...(line.has('base') ? [] : ['--base=scratch'])],
  },
  {
    words: 'rebase',
    to: ['mutate'],
    options: {
      '--old_base <image>': '--old-base',
      '--new_base <image>': '--new-base',
      '--original <image>': () => [],
      '-t, --tag <image>': '--tag',
      '--rebased <image>': '--tag',
    },
    args: (line) => [...line.args, ...line.values('original')],
    defaults: (line) => [
      REFERENCE,
      ...(line.has('old_base') || line.has('new_base') ? [] : ['--rebase']),
    ],
  },
  {
    words: 'flatten',
    to: ['mutate', '--squash'],
    options: { '-t, --tag <image>': '--tag' },
    defaults: () => [REFERENCE],
  },
];
