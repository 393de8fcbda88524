import type { Line, OptionRules, Verb } from '../../types.ts';
import { format, isRaw, names, ourName, PLATFORM } from './options.ts';

const SLOW = { ignored: 'the list of a registry without the API is always read' } as const;

const list: OptionRules = {
  ...PLATFORM,
  '--filter-artifact-type <type>': '--type',
  '--filter-annotation <pair>': { refused: 'Filter the JSON: regctl referrers -o json IMAGE' },
  '--digest-tags': { ignored: 'tags named after the digest are always listed' },
  '--external <repository>': { refused: 'Ask there: regctl referrers REPOSITORY@DIGEST' },
  '--latest': { refused: 'Take the newest: regctl referrers --get TYPE --latest IMAGE' },
  '--sort-annotation <name>': { refused: 'Sort the JSON: regctl referrers -o json IMAGE' },
  '--sort-desc': { ignored: 'needs --sort-annotation' },
  '--slow-referrers': SLOW,
  '--format <template>': (value) => format(value.replaceAll(/\.Descriptors\b/gu, '.manifests')),
};

/** Without a name of its own, the artifact only refers to its subject. */
const isAttached = (line: Line): boolean => line.has('subject') && line.args.length === 0;

/** `-f FILE -m TYPE` is FILE:TYPE; without a file, standard input. */
function filesOf(line: Line): readonly string[] {
  const types = line.values('file-media-type');
  const files = line.has('file') ? line.values('file') : ['-'];
  return files.map((file, at) => {
    const type = types[at];
    return type === undefined ? file : `${file}:${type}`;
  });
}

const put: Verb = {
  words: 'artifact put',
  to: ['artifact', 'push'],
  toFor: (line) => ['artifact', isAttached(line) ? 'attach' : 'push'],
  options: {
    '--artifact-type <type>': '--artifact-type',
    '--annotation <pair>': '--annotation',
    '-f, --file <file>': () => [],
    '-m, --file-media-type <type>': () => [],
    '--config-file <file>': (file, line) => [`--config=${file}:${line.value('config-type') ?? ''}`],
    '--config-type <type>': () => [],
    '--subject <image>': (image, line) => (isAttached(line) ? [] : [`--subject=${ourName(image)}`]),
    '--file-title': { ignored: 'a file always has its name' },
    '--strip-dirs': { refused: 'Change to the directory of the file.' },
    '--index': { refused: 'Only the files of one artifact are written.' },
    '--platform <platform>': (platform, line) =>
      isAttached(line) ? [`--platform=${platform}`] : [`--artifact-platform=${platform}`],
    '--format <template>': format,
  },
  args: (line) => [
    ...(isAttached(line) ? [ourName(line.value('subject') ?? '')] : names(line)),
    ...filesOf(line),
  ],
  defaults: () => ['--disable-path-validation'],
  prints: (line) => (line.has('format') ? {} : { nothing: true }),
};

const get: Verb = {
  words: 'artifact get',
  to: ['artifact-get'],
  toFor: (line) => (line.has('subject') ? ['referrers'] : ['artifact-get']),
  options: {
    ...PLATFORM,
    '--file <name>': '--file',
    '-m, --file-media-type <type>': '--file-media-type',
    '--config': '--config',
    '--subject <image>': () => [],
    '--filter-artifact-type <type>': '--get',
    '--filter-annotation <pair>': { refused: 'Filter the JSON: regctl referrers -o json IMAGE' },
    '--latest': '--latest',
    '--sort-annotation <name>': { refused: 'Sort the JSON: regctl referrers -o json IMAGE' },
    '--sort-desc': { ignored: 'needs --sort-annotation' },
    '--slow-referrers': SLOW,
    '--external <repository>': { refused: 'Ask there: regctl referrers REPOSITORY@DIGEST' },
    '-o, --output <dir>': {
      refused: 'Write the files: regctl artifact pull --output-dir DIR NAME',
    },
    '--strip-dirs': { refused: 'Write the files: regctl artifact pull --output-dir DIR NAME' },
  },
  defaults: (line) => (line.has('subject') ? ['--get=any', '--latest'] : []),
  args: (line) => {
    const subject = line.value('subject');
    return subject === undefined ? names(line) : [ourName(subject)];
  },
};

/** The noun `artifact`. */
export const ARTIFACT_VERBS: readonly Verb[] = [
  {
    words: 'artifact list',
    aliases: ['artifact ls'],
    to: ['referrers', '--depth=1'],
    options: list,
    args: names,
    defaults: (line) => [
      ...(line.has('format') ? ['--json-form=index'] : []),
      ...(isRaw(line) ? ['--output=ndjson'] : []),
    ],
  },
  get,
  put,
  { words: 'artifact tree', to: ['referrers'], options: list, args: names },
];
