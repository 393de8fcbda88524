import { VERSION } from '../../../client/version.ts';
import { same } from '../tables.ts';
import type { Line, OptionRules, Persona, Verb } from '../types.ts';

/** The version whose lines these are. */
const ORAS = '1.3.6';

const NO_FILE = 'Put the certificates into a directory: --cert-dir DIR of regctl';

/** Options of a registry: of a plain name, or of one side of `cp`. */
function remote(prefix: '' | 'from-' | 'to-', ours: '' | 'src-' | 'dest-'): OptionRules {
  const letter = (short: string): string => (prefix === '' ? `-${short}, ` : '');
  return {
    [`--${prefix}plain-http`]: `--${ours}plain-http`,
    [`--${prefix}insecure`]: `--${ours}tls-verify=false`,
    [`${letter('u')}--${prefix}username <name>`]: `--${ours}username`,
    [`${letter('p')}--${prefix}password <password>`]: `--${ours}password`,
    [`--${prefix}registry-config <file>`]: `--${ours}authfile`,
    [`--${prefix}ca-file <file>`]: { refused: NO_FILE },
    [`--${prefix}cert-file <file>`]: { refused: NO_FILE },
    [`--${prefix}key-file <file>`]: { refused: NO_FILE },
    [`--${prefix}identity-token <token>`]: { refused: 'Log in with it: oras login REGISTRY' },
    [`${letter('H')}--${prefix}header <header>`]: { refused: 'regctl sends no such headers.' },
    [`--${prefix}resolve <rule>`]: { refused: 'Write the address to /etc/hosts.' },
    [`--${prefix}distribution-spec <option>`]: {
      ignored: 'the referrers API is used where there is one, else the tag',
    },
    // What the name stands for is told by `args`.
    [`--${prefix}oci-layout`]: () => [],
    [`--${prefix}oci-layout-path <dir>`]: {
      refused: 'Write the directory into the name: --oci-layout DIR:TAG',
    },
  };
}

const COMMON: OptionRules = {
  '-d, --debug': '--debug',
  '--no-tty': ['--progress=plain'],
  '--concurrency <n>': '--concurrency',
};

const REMOTE: OptionRules = { ...COMMON, ...remote('', '') };

const inLayout = (name: string, isLayout: boolean): string => (isLayout ? `oci:${name}` : name);

/** The first word names the image, which may be in a layout. */
const image = (line: Line): readonly string[] =>
  line.args.map((word, at) => inLayout(word, at === 0 && line.has('oci-layout')));

const DESCRIPTOR =
  '--format={"mediaType":"{{.MediaType}}","digest":"{{.Digest}}","size":{{.Size}}}';

/** `--output FILE`; `-` is standard output. */
const toFile = (line: Line): { readonly file?: string } => {
  const file = line.value('output');
  return file === undefined || file === '-' ? {} : { file };
};

const OUTPUT: OptionRules = { '-o, --output <file>': () => [] };
const PLATFORM = same('--platform <platform>');
const NOTHING = (): { readonly nothing: true } => ({ nothing: true });

/** A list of the tags of one image: NAME@DIGEST. */
function ofDigest({ args }: Line): readonly string[] {
  const digest = /@(.+)$/u.exec(args[0] ?? '')?.[1];
  return digest === undefined ? [] : [`--digest=${digest}`];
}

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

/** The directory, or tar, of `backup` and `restore`, with the tag of the name in the registry. */
function backupPlace(path: string, name: string): string {
  const tag = /:([^:/@]+)$/u.exec(name)?.[1];
  const scheme = /\.tar$/iu.test(path) ? 'oci-archive' : 'oci';
  return `${scheme}:${path}${tag === undefined ? '' : `:${tag}`}`;
}

const verbs: readonly Verb[] = [
  cp,
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

export const oras: Persona = {
  name: 'oras',
  version: `Version:        ${ORAS} (regctl ${VERSION})`,
  hasVersionVerb: true,
  options: {},
  verbs,
  missing: [
    { words: 'push', use: 'This version writes no artifacts.' },
    {
      words: 'pull',
      use: 'This version reads no artifacts; a blob by its digest: regctl blob NAME@DIGEST',
    },
    { words: 'attach', use: 'This version writes no artifacts.' },
    {
      words: 'discover',
      use: 'This version lists no referrers; a copy includes them: regctl copy --referrers',
    },
    { words: 'manifest index', use: 'This version makes no indexes.' },
    { words: 'blob delete', use: 'Registries delete unused blobs: regctl prune REPOSITORY' },
  ],
  exits: { INTERRUPTED: 130, TERMINATED: 143 },
  failure: 1,
};
