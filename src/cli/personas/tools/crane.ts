import { AppError } from '../../../errors/app-error.ts';
import { VERSION } from '../../../client/version.ts';
import { same } from '../tables.ts';
import { craneEdits } from './crane-edits.ts';
import type { Line, OptionRules, Persona } from '../types.ts';

/** The version that this table describes. */
const CRANE = '0.22.1';

const ROOT: OptionRules = {
  '--allow-nondistributable-artifacts': { ignored: 'this verb copies no layers' },
  '--insecure': '--tls-verify=false',
  '--platform <platform>': (value) => (value === 'all' ? [] : [`--platform=${value}`]),
  '-v, --verbose': '--debug',
};

const COPY: OptionRules = { '--allow-nondistributable-artifacts': '--allow-nondistributable' };

const FULL_REF = same('--full-ref');

/** A path with an archive's extension is an archive; any other is a directory with an OCI layout. */
const place = (path: string): string =>
  /\.(?:tar|tar\.gz|tgz)$/iu.test(path) || path === '-' ? `docker-archive:${path}` : `oci:${path}`;

/** Checked before anything is read. @throws AppError USAGE */
function form(value: string): readonly string[] {
  if (['tarball', 'legacy', 'oci'].includes(value)) return [];
  throw new AppError('USAGE', `--format of crane takes tarball, legacy or oci, not "${value}"`);
}

/** Several images may be pulled to one place, each by its own copy. @throws AppError USAGE */
function pulled(line: Line): readonly string[] {
  const { args } = line;
  if (args.length > 2) {
    throw new AppError('USAGE', 'regctl pulls one image at a time into this place', {
      hint: `Several into one archive: regctl save IMAGE… -o ${args.at(-1)}`,
    });
  }
  const [image = '', path] = args;
  if (path === undefined) return args;
  if (line.value('format') !== 'oci') return [image, `docker-archive:${path}`];
  return [image, `oci:${path}`];
}

/** A tag is only untagged, as its registry does it; a digest deletes the manifest. */
const isTag = ({ args }: Line): boolean => args[0]?.includes('@') !== true;

const onTarball = (line: Line): readonly string[] => {
  const file = line.value('tarball');
  return file === undefined ? line.args : [`docker-archive:${file}`];
};

export const crane: Persona = {
  name: 'crane',
  version: `${CRANE} (regctl ${VERSION})`,
  hasVersionVerb: true,
  options: ROOT,
  verbs: [
    {
      words: 'digest',
      to: ['digest'],
      options: { ...FULL_REF, '--tarball <file>': () => [] },
      args: onTarball,
    },
    { words: 'manifest', to: ['manifest'], options: {} },
    { words: 'config', to: ['config'], options: {} },
    {
      words: 'ls',
      to: ['tags'],
      options: { ...FULL_REF, '-O, --omit-digest-tags': '--no-digest-tags' },
    },
    { words: 'catalog', to: ['catalog'], options: FULL_REF },
    {
      words: 'copy',
      aliases: ['cp'],
      to: ['copy'],
      options: {
        ...COPY,
        '-a, --all-tags': '--all-tags',
        '-j, --jobs <n>': '--concurrency',
        '-n, --no-clobber': (value, line) =>
          value === 'false' ? [] : [line.has('all-tags') ? '--missing' : '--no-clobber'],
      },
      prints: () => ({ nothing: true }),
    },
    {
      words: 'delete',
      to: ['delete'],
      toFor: (line) => (isTag(line) ? ['delete', '--untag'] : ['delete']),
      options: {},
      defaults: () => ['--yes', '--quiet'],
      prints: () => ({ nothing: true }),
    },
    { words: 'tag', to: ['tag'], options: {}, prints: () => ({ nothing: true }) },
    {
      words: 'pull',
      to: ['copy'],
      options: {
        ...COPY,
        '--format <form>': (value) => form(value),
        '-c, --cache_path <dir>': { ignored: 'a layer is read once and not kept' },
        '--annotate-ref': { ignored: 'an image of a layout has its tag as its name' },
      },
      args: (line) => pulled(line),
      prints: () => ({ nothing: true }),
    },
    {
      words: 'push',
      to: ['copy'],
      options: {
        ...COPY,
        '--index': { ignored: 'an index is pushed unchanged' },
        '--image-refs <file>': {
          refused: 'Standard output names what was pushed: crane push … > FILE',
        },
      },
      args: ({ args }) => args.map((word, at) => (at === 0 ? place(word) : word)),
    },
    ...craneEdits,
    {
      words: 'index append',
      to: ['index', 'create'],
      toFor: (line) => ['index', line.args.length > 0 && !line.has('tag') ? 'add' : 'create'],
      options: {
        '-m, --manifest <image>': () => [],
        '-t, --tag <image>': () => [],
        '--docker-empty-base': { ignored: 'the index has the format of its images' },
        '--flatten': { ignored: 'the children of an index are always listed one by one' },
      },
      args: ({ args, value, values }) => [
        ...(value('tag') === undefined ? [] : [value('tag') ?? '']),
        ...args,
        ...values('manifest'),
      ],
      defaults: (line) => (line.args.length > 0 && !line.has('tag') ? [] : ['--as-index']),
    },
    {
      words: 'index list',
      to: [
        'inspect',
        '--no-tags',
        '--format={{range .Platforms}}{{.Digest}} {{.MediaType}} {{.Platform}}{{"\\n"}}{{end}}',
      ],
      options: {},
    },
    {
      words: 'index filter',
      to: ['index', 'create', '--as-index'],
      options: { '-t, --tag <image>': () => [] },
      args: ({ args, value }) => [value('tag') ?? args[0] ?? '', ...args],
    },
    { words: 'blob', to: ['blob'], options: {} },
    {
      words: 'export',
      to: ['export'],
      options: {},
      args: ({ args: [image = '', ...file] }) => [
        image === '-' ? 'docker-archive:-' : image,
        ...file,
      ],
      // Without a file, the archive is what is printed.
      prints: ({ args: [, file = '-'] }) => ({ nothing: file !== '-' }),
    },
    {
      words: 'validate',
      to: ['validate'],
      options: {
        '--remote <image>': () => [],
        '--tarball <file>': () => [],
        ...same('--fast'),
      },
      args: (line) => {
        const [remote, file] = [line.value('remote'), line.value('tarball')];
        return [
          ...(remote === undefined ? [] : [remote]),
          ...(file === undefined ? [] : [`docker-archive:${file}`]),
        ];
      },
    },
    {
      words: 'auth login',
      to: ['login'],
      options: same('-u, --username <name>', '-p, --password <password>', '--password-stdin'),
      prints: () => ({ nothing: true }),
    },
    { words: 'auth logout', to: ['logout'], options: {}, prints: () => ({ nothing: true }) },
    {
      words: 'registry serve',
      to: ['serve'],
      options: {
        '--address <address>': '--listen',
        '--disk <dir>': '--dir',
        '--blobs-to-disk <dir>': { refused: 'Everything goes to one directory: --disk DIR' },
      },
    },
    {
      words: 'completion',
      to: ['completion'],
      options: { '--no-descriptions': { ignored: 'the script shows what a shell can show' } },
    },
  ],
  missing: [
    { words: 'optimize', use: 'One layer with what is left: regctl mutate --squash IMAGE' },
    { words: 'auth get', use: 'Who is logged in: regctl login --get-login REGISTRY' },
    { words: 'auth token', use: 'The requests that fetch a token: regctl doctor REGISTRY' },
  ],
  exits: { INTERRUPTED: 130, TERMINATED: 143 },
  failure: 1,
};
