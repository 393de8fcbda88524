import { AppError } from '../../../errors/app-error.ts';
import { same } from '../tables.ts';
import type { Line, Missing, OptionRules, Verb } from '../types.ts';

/** Options of regclient's `regctl` that stand anywhere. */
export const ROOT: OptionRules = {
  ...same('--user-agent <text>'),
  '--host <settings>': (value) => hostSettings(value),
  '--logopt <option>': { ignored: 'there is no log; --debug prints what is sent' },
  '-v, --verbosity <level>': (value) => (/^(?:debug|trace)$/iu.test(value) ? ['--debug'] : []),
};

/** `reg=HOST,user=U,pass=P,tls=disabled`: for the registry of this line. */
function hostSettings(value: string): readonly string[] {
  const settings = new Map(
    value.split(',').map((pair) => {
      const [, name = '', text = ''] = /^([^=]*)=?(.*)$/su.exec(pair) ?? [];
      return [name, text] as const;
    }),
  );
  const [user, pass, tls] = ['user', 'pass', 'tls'].map((name) => settings.get(name));
  return [
    ...(user === undefined ? [] : [`--creds=${user}:${pass ?? ''}`]),
    ...(tls === 'disabled' ? ['--plain-http'] : []),
    ...(tls === 'insecure' ? ['--tls-verify=false'] : []),
  ];
}

/** `ocidir://DIR:TAG` is `oci:DIR:TAG`. */
const names = ({ args }: Line): readonly string[] => args.map(ourName);
const ourName = (name: string): string => name.replace(/^ocidir:\/\//u, 'oci:');

/** REPOSITORY DIGEST is one word of ours. */
function blobName({ args }: Line): readonly string[] {
  const [repository, digest, ...more] = args;
  if (repository === undefined || digest === undefined) return args.map(ourName);
  return [`${ourName(repository)}@${digest}`, ...more];
}

/** Its expressions cover a whole name; ours are found anywhere in it. */
const anchored =
  (option: string) =>
  (value: string): readonly string[] => [`${option}=^(?:${value})$`];

const isRaw = (line: Line): boolean => /^raw(?:-?body)?$/iu.test(line.value('format') ?? '');

/**
 * A template, whose fields we look up without regard to case; the methods that only lead to the
 * document itself go. `raw-body` is what we print without one.
 */
function format(value: string): readonly string[] {
  if (/^raw(?:-?body)?$|^body$/iu.test(value)) return [];
  if (/^(?:raw-?headers|headers)$/iu.test(value)) {
    throw new AppError('USAGE', 'regctl does not print the headers of an answer by --format', {
      hint: 'The requests with their headers: --debug',
    });
  }
  const template = value
    .replaceAll(/\.Get(?:Config|Manifest|Descriptor)\b\.?/gu, '.')
    .replaceAll(/\b(?:printPretty|jsonPretty)\b/gu, 'json')
    .replaceAll(/\.CommonName\b/gu, '.Destination');
  return [`--format=${template}`];
}

const FORMAT: OptionRules = { '--format <template>': format };
const PLATFORM: OptionRules = {
  '-p, --platform <platform>': (value, line) =>
    value === 'local' ? [`--override-os=${line.machine.platform.os}`] : [`--platform=${value}`],
};
const asJson = (line: Line): readonly string[] => (line.has('format') ? [] : ['--output=json']);

/** A tag stands for all others of its digest, so that its tool wants to be told. */
function digestOrForced(line: Line): readonly string[] {
  const [image] = line.args;
  if (image !== undefined && !image.includes('@') && !line.has('force-tag-dereference')) {
    throw new AppError('USAGE', `"${image}" has no digest: the manifest of a tag has others, too`, {
      hint: `The tag only: regctl tag rm ${image}. All of its tags: --force-tag-dereference`,
    });
  }
  return names(line);
}

const remove: Omit<Verb, 'words'> = {
  to: ['delete'],
  options: {
    ...same('--ignore-missing'),
    '--force-tag-dereference': '--force',
    '--referrers': { ignored: 'what refers to it is named in any case' },
  },
  args: digestOrForced,
  defaults: () => ['--yes', '--quiet'],
  prints: () => ({ nothing: true }),
};

/** Without a template it is a page for people. */
const getManifest: Omit<Verb, 'words'> = {
  to: ['manifest'],
  toFor: (line) => (line.has('format') ? ['manifest'] : ['inspect', '--no-tags', '--output=text']),
  options: {
    ...FORMAT,
    ...PLATFORM,
    '--require-list': { ignored: 'an index is printed unchanged' },
  },
  args: names,
};

const digest: Omit<Verb, 'words'> = {
  to: ['digest'],
  options: {
    ...FORMAT,
    ...PLATFORM,
    '--require-digest': { ignored: 'a digest that the answer lacks is always computed' },
    '--require-list': { ignored: 'the digest is that of what the name points at' },
    '--list': { ignored: 'the digest is that of what the name points at' },
  },
  args: names,
};

const config: Omit<Verb, 'words'> = {
  to: ['config'],
  options: { ...FORMAT, ...PLATFORM },
  args: names,
  defaults: (line) => ['--image', ...(isRaw(line) ? [] : asJson(line))],
};

const listTags: Omit<Verb, 'words'> = {
  to: ['tags'],
  options: {
    ...FORMAT,
    ...same('--limit <n>', '--last <name>'),
    '--include <regex>': anchored('--include'),
    '--exclude <regex>': anchored('--exclude'),
  },
  args: names,
};

const removeTag: Omit<Verb, 'words'> = {
  to: ['delete', '--untag'],
  options: same('--ignore-missing'),
  args: names,
  defaults: () => ['--yes'],
  prints: () => ({ nothing: true }),
};

/** What `registry set` takes; the names are those of our `registry-set`. */
const SETTINGS: OptionRules = {
  ...same('--tls <mode>', '--hostname <host>', '--path-prefix <path>', '--mirror <registry>'),
  ...same('--priority <n>', '--cacert <pem>', '--client-cert <pem>', '--client-key <pem>'),
  ...same('--repo-auth', '--blob-chunk <n>', '--blob-max <n>', '--req-per-sec <n>'),
  ...same('--req-concurrent <n>', '--cred-helper <name>', '--skip-check'),
  '--api-opts <option>': { ignored: 'regctl has no such options' },
};

/** The nouns of regclient's `regctl`. */
export const VERBS: readonly Verb[] = [
  {
    words: 'image copy',
    aliases: ['image cp'],
    to: ['copy'],
    // Before the command, `--format` is the template; after it, a form of manifests.
    toFor: (line) => [...format(line.value('format') ?? '{{.Destination}}'), 'copy'],
    options: {
      '--format <template>': () => [],
      ...PLATFORM,
      ...same('--digest-tags', '--referrers'),
      '--fast': { ignored: 'a tag with the same digest is never looked at again' },
      '--force-recursive': '--recheck',
      '--include-external': '--allow-nondistributable',
      '--referrers-src <repository>': { refused: 'Referrers are taken from the source itself.' },
      '--referrers-tgt <repository>': { refused: 'Referrers are written to the target itself.' },
    },
    args: names,
  },
  { words: 'image digest', ...digest },
  { words: 'image inspect', aliases: ['image config'], ...config },
  { words: 'image manifest', ...getManifest },
  {
    words: 'image export',
    to: ['copy', '--with-layout'],
    options: {
      ...PLATFORM,
      '--name <name>': () => [],
      '--compress': { refused: 'Compress the file: regctl image export IMAGE - | gzip' },
    },
    args: (line) => {
      const [image = '', file = '-'] = line.args;
      const name = line.value('name');
      return [ourName(image), `docker-archive:${file}${name === undefined ? '' : `:${name}`}`];
    },
    prints: () => ({ nothing: true }),
  },
  {
    words: 'image import',
    to: ['load'],
    toFor: (line) => (line.has('name') ? ['copy'] : ['load', '--input', line.args[1] ?? '-']),
    options: { '--name <name>': () => [] },
    args: (line) => {
      const [image = '', file = '-'] = line.args;
      const name = line.value('name');
      return name === undefined
        ? [ourName(image)]
        : [`docker-archive:${file}:${name}`, ourName(image)];
    },
    prints: () => ({ nothing: true }),
  },
  { words: 'image delete', aliases: ['image rm'], ...remove },
  { words: 'image ratelimit', to: ['rate-limit'], options: FORMAT, args: names, defaults: asJson },
  { words: 'manifest digest', aliases: ['manifest head'], ...digest },
  { words: 'manifest get', ...getManifest },
  {
    words: 'manifest put',
    to: ['manifest-put'],
    options: {
      ...FORMAT,
      ...same('-t, --content-type <type>'),
      '--by-digest': { refused: 'Name the digest: regctl manifest put REPOSITORY@DIGEST' },
    },
    args: names,
    prints: (line) => (line.has('format') ? {} : { nothing: true }),
  },
  { words: 'manifest delete', aliases: ['manifest rm', 'manifest del'], ...remove },
  { words: 'tag ls', aliases: ['tag list'], ...listTags },
  { words: 'tag rm', aliases: ['tag delete', 'tag del'], ...removeTag },
  {
    words: 'repo ls',
    aliases: ['repo list'],
    to: ['catalog'],
    options: {
      ...FORMAT,
      ...same('--limit <n>', '--last <name>'),
      '--include <regex>': anchored('--include'),
      '--exclude <regex>': anchored('--exclude'),
    },
  },
  {
    words: 'repo copy',
    aliases: ['repo cp'],
    to: ['copy', '--all-tags'],
    options: {
      ...same('--referrers', '--digest-tags'),
      '--include <regex>': anchored('--include'),
      '--exclude <regex>': anchored('--exclude'),
      '--new-tags': '--missing',
      '--concurrent <n>': '--concurrency',
    },
    args: names,
  },
  {
    words: 'blob get',
    to: ['blob'],
    options: { ...FORMAT, '--media-type <type>': { ignored: 'a blob is what its digest says' } },
    args: blobName,
  },
  { words: 'blob head', to: ['blob', '--head'], options: FORMAT, args: blobName },
  {
    words: 'blob put',
    to: ['blob-put'],
    options: {
      ...FORMAT,
      ...same('--digest <digest>'),
      '--content-type <type>': { ignored: 'a blob has no type of its own' },
    },
    args: names,
  },
  { words: 'blob copy', aliases: ['blob cp'], to: ['blob-copy'], options: {}, args: names },
  {
    words: 'registry login',
    to: ['login'],
    options: {
      '-u, --user <name>': '--username',
      '-p, --pass <password>': '--password',
      '--pass-stdin': '--password-stdin',
      '--skip-check': { ignored: 'a login is tried before it is stored' },
    },
    prints: () => ({ nothing: true }),
  },
  { words: 'registry logout', to: ['logout'], options: {}, prints: () => ({ nothing: true }) },
  { words: 'registry whoami', to: ['login', '--get-login'], options: {} },
  {
    words: 'registry set',
    to: ['registry-set'],
    options: SETTINGS,
    prints: () => ({ nothing: true }),
  },
  {
    words: 'registry config',
    to: ['registry-config'],
    options: FORMAT,
    defaults: asJson,
  },
];

/** Its verbs that are not here. */
export const MISSING: readonly Missing[] = [
  { words: 'image mod', use: 'This version does not change images; use regclient or crane.' },
  { words: 'image create', use: 'This version does not make images; use regclient or crane.' },
  { words: 'image check-base', use: 'Compare the digests: regctl digest BASE' },
  { words: 'image get-file', use: 'Read the layers: regctl blob REPOSITORY@DIGEST | tar -xz' },
  { words: 'image cat', use: 'Read the layers: regctl blob REPOSITORY@DIGEST | tar -xz' },
  { words: 'manifest diff', use: 'Compare two files: regctl manifest IMAGE' },
  { words: 'blob delete', use: 'Registries delete unused blobs: regctl prune REPOSITORY' },
  { words: 'blob diff-config', use: 'Compare two files: regctl config IMAGE' },
  {
    words: 'blob diff-layer',
    use: 'Compare two listings: regctl blob REPOSITORY@DIGEST | tar -tz',
  },
  { words: 'blob get-file', use: 'Read the layer: regctl blob REPOSITORY@DIGEST | tar -xz' },
  { words: 'artifact get', use: 'This version reads no artifacts; use oras pull.' },
  { words: 'artifact put', use: 'This version writes no artifacts; use oras push.' },
  { words: 'artifact list', use: 'This version lists no referrers; use oras discover.' },
  { words: 'artifact tree', use: 'This version lists no referrers; use oras discover.' },
  { words: 'index create', use: 'This version makes no indexes; use oras manifest index create.' },
  { words: 'index add', use: 'This version changes no indexes; use oras manifest index update.' },
  {
    words: 'index delete',
    use: 'This version changes no indexes; use oras manifest index update.',
  },
  {
    words: 'config get',
    use: 'regctl has no settings of its own; registry config prints those of hosts.',
  },
  {
    words: 'config set',
    use: 'regctl has no settings of its own; registry set keeps those of hosts.',
  },
];
