import { same } from '../../tables.ts';
import type { OptionRules, Verb } from '../../types.ts';
import { indexVerbs } from './indexes.ts';
import {
  COMMON,
  DESCRIPTOR,
  discoverFormat,
  image,
  inLayout,
  NOTHING,
  ofDigest,
  OUTPUT,
  PLATFORM,
  REMOTE,
  remote,
  resultFormat,
  toFile,
} from './options.ts';

const cp: Verb = {
  words: 'cp',
  aliases: ['copy'],
  to: ['copy'],
  options: {
    ...COMMON,
    ...remote('from-', 'src-'),
    ...remote('to-', 'dest-'),
    ...PLATFORM,
    '-r, --recursive': '--referrers',
    '--force': '--recheck',
    '--resolve <rule>': { refused: 'Write the address to /etc/hosts.' },
  },
  args: (line) =>
    line.args.map((word, at) =>
      inLayout(word, line.has(at === 0 ? 'from-oci-layout' : 'to-oci-layout')),
    ),
};

const publish: OptionRules = {
  ...REMOTE,
  ...same(
    '-a, --annotation <pair>',
    '--annotation-file <file>',
    '--config <file>',
    '--export-manifest <file>',
    '--disable-path-validation',
  ),
  '--format <format>': resultFormat,
  '-v, --verbose': { ignored: 'each part is named in any case' },
};

const artifacts: readonly Verb[] = [
  {
    words: 'push',
    to: ['artifact', 'push'],
    options: {
      ...publish,
      ...same('--artifact-type <type>', '--artifact-platform <platform>', '--image-spec <version>'),
      '--force': { ignored: 'each part is looked for' },
    },
    args: image,
  },
  {
    words: 'pull',
    to: ['artifact', 'pull'],
    options: {
      ...REMOTE,
      ...PLATFORM,
      '-o, --output <dir>': '--output-dir',
      // Here a file is replaced unless the line says otherwise.
      '-k, --keep-old-files': () => [],
      '-T, --allow-path-traversal': { refused: 'Files are never written outside the directory.' },
      '--config <file>': { refused: 'Print the configuration: regctl config IMAGE > FILE' },
      '--include-subject': { refused: 'Pull the subject by its own name.' },
      '--preserve-permissions': { ignored: 'permissions are always kept' },
      '--format <format>': resultFormat,
      '-v, --verbose': { ignored: 'each part is named in any case' },
    },
    args: image,
    defaults: (line) => (line.has('keep-old-files') ? [] : ['--overwrite']),
  },
  {
    words: 'attach',
    to: ['artifact', 'attach'],
    options: { ...publish, ...PLATFORM, '--artifact-type <type>': '--type' },
    args: image,
  },
];

const discover: Verb = {
  words: 'discover',
  to: ['referrers'],
  options: {
    ...REMOTE,
    ...PLATFORM,
    ...same('--depth <n>'),
    '--artifact-type <type>': '--type',
    '--format <format>': discoverFormat,
    '-o, --output <format>': discoverFormat,
    '-v, --verbose': { ignored: 'the JSON has the annotations' },
  },
  args: image,
};

/** The directory or tar archive of `backup` and `restore`, with the tag of the name in the registry. */
function backupPlace(path: string, name: string): string {
  const tag = /:([^:/@]+)$/u.exec(name)?.[1];
  const scheme = /\.tar$/iu.test(path) ? 'oci-archive' : 'oci';
  return `${scheme}:${path}${tag === undefined ? '' : `:${tag}`}`;
}

export const verbs: readonly Verb[] = [
  cp,
  ...indexVerbs,
  {
    words: 'manifest fetch',
    to: ['manifest'],
    toFor: (line) => (line.has('descriptor') ? ['digest'] : ['manifest']),
    options: {
      ...REMOTE,
      ...PLATFORM,
      ...OUTPUT,
      '--descriptor': [DESCRIPTOR],
      '--pretty': (value, line) =>
        value === 'false' || line.has('descriptor') ? [] : ['--output=json'],
      '--media-type <type>': { ignored: 'every type of manifest is accepted' },
      '--format <format>': { refused: 'A template of regctl: regctl manifest IMAGE --format …' },
    },
    args: image,
    prints: toFile,
  },
  {
    words: 'manifest fetch-config',
    to: ['config'],
    options: { ...REMOTE, ...PLATFORM, ...OUTPUT, '--pretty': ['--output=json'] },
    args: image,
    prints: toFile,
  },
  {
    words: 'manifest push',
    to: ['manifest-put'],
    options: {
      ...REMOTE,
      '--media-type <type>': '--content-type',
      '--descriptor': [DESCRIPTOR],
      '--pretty': { ignored: 'a descriptor is one line' },
    },
    args: image,
  },
  {
    words: 'manifest delete',
    to: ['delete'],
    options: {
      ...REMOTE,
      '-f, --force': '--ignore-missing',
      '--descriptor': { ignored: 'the digest is printed' },
      '--pretty': { ignored: 'the digest is printed' },
    },
    args: image,
    defaults: () => ['--yes'],
  },
  {
    words: 'resolve',
    aliases: ['digest'],
    to: ['digest'],
    options: { ...REMOTE, ...PLATFORM, '-l, --full-reference': '--full-ref' },
    args: image,
  },
  { words: 'tag', to: ['tag'], options: REMOTE, args: image },
  discover,
  ...artifacts,
  {
    words: 'repo tags',
    aliases: ['repo show-tags', 'repository tags'],
    to: ['tags'],
    options: { ...REMOTE, ...same('--last <tag>'), '--exclude-digest-tags': '--no-digest-tags' },
    defaults: ofDigest,
    args: (line) => image(line).map((name) => name.replace(/@.+$/u, '')),
  },
  {
    words: 'repo ls',
    aliases: ['repo list', 'repository ls'],
    to: ['catalog'],
    options: { ...REMOTE, ...same('--last <name>') },
  },
  {
    words: 'blob fetch',
    to: ['blob'],
    toFor: (line) => (line.has('descriptor') ? ['blob', '--head'] : ['blob']),
    options: {
      ...REMOTE,
      ...OUTPUT,
      '--descriptor': [
        '--format={"mediaType":"application/octet-stream","digest":"{{.Digest}}","size":{{.Size}}}',
      ],
      '--pretty': { ignored: 'a descriptor is one line' },
    },
    args: image,
    prints: toFile,
  },
  {
    words: 'blob push',
    to: ['blob-put'],
    options: {
      ...REMOTE,
      '--media-type <type>': { ignored: 'a blob has no type of its own' },
      '--size <n>': { ignored: 'the size is counted' },
      '--descriptor': [
        '--format={"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{.Digest}}","size":{{.Size}}}',
      ],
    },
    args: image,
  },
  {
    words: 'backup',
    to: ['copy'],
    options: { ...REMOTE, ...OUTPUT, '--include-referrers': '--referrers' },
    args: ({ args: [name = ''], ...line }) => [name, backupPlace(line.value('output') ?? '', name)],
  },
  {
    words: 'restore',
    to: ['copy'],
    options: {
      ...REMOTE,
      '--input <path>': () => [],
      '--exclude-referrers': () => [],
      '--dry-run': '--dry-run',
    },
    defaults: (line) => (line.has('exclude-referrers') ? [] : ['--referrers']),
    args: ({ args: [name = ''], ...line }) => [backupPlace(line.value('input') ?? '', name), name],
  },
  {
    words: 'login',
    to: ['login'],
    options: { ...REMOTE, ...same('--password-stdin') },
  },
  { words: 'logout', to: ['logout'], options: REMOTE, prints: NOTHING },
];
