import { AppError } from '../../../errors/app-error.ts';
import { VERSION } from '../../../client/version.ts';
import { loginVerbs } from './containers-login.ts';
import { same } from '../tables.ts';
import type { Line, OptionRules, Persona, Verb } from '../types.ts';

/** The version whose lines these are. */
const SKOPEO = '1.22.0';

const NO_SIGNING = 'Copy without it, then sign what was copied: cosign sign --key KEY IMAGE@DIGEST';
const NO_ENCRYPTION = 'regctl neither encrypts nor decrypts layers; use skopeo for this image.';

const platformRule =
  (option: string) =>
  (value: string, line: Line): readonly string[] =>
    isRawManifest(line) ? [] : [`${option}=${value}`];

/** `inspect --raw` shows what the name points at, whatever the platform. */
const isRawManifest = (line: Line): boolean => line.has('raw') && !line.has('config');

export const ROOT: OptionRules = {
  ...same('--command-timeout <duration>', '--debug'),
  '--insecure-policy': { ignored: 'this verb asks no policy' },
  '--policy <file>': { ignored: 'this verb asks no policy' },
  '--tmpdir <dir>': { ignored: 'this verb keeps nothing on disk' },
  '--override-os <os>': platformRule('--override-os'),
  '--override-arch <arch>': platformRule('--override-arch'),
  '--override-variant <variant>': platformRule('--override-variant'),
  '--registries.d <dir>': {
    ignored: 'signatures of a lookaside storage are neither read nor written',
  },
  '--user-agent-prefix <text>': (value) => [`--user-agent=${value} regctl/${VERSION}`],
  '--tls-details <file>': { refused: 'For TLS 1.3 only, set NODE_OPTIONS=--tls-min-v1.3' },
};

/** Options of a registry or daemon, plain or of one side. */
function connection(side: '' | 'src-' | 'dest-'): OptionRules {
  return same(
    `--${side}authfile <file>`,
    `--${side}cert-dir <dir>`,
    `--${side}creds <user:password>`,
    `--${side}daemon-host <host>`,
    `--${side}no-creds`,
    `--${side}password <password>`,
    `--${side}registry-token <token>`,
    `--${side}shared-blob-dir <dir>`,
    `--${side}tls-verify [bool]`,
    `--${side}username <name>`,
  );
}

const RETRY = same('--retry-times <n>', '--retry-delay <duration>');

const SIGNING: OptionRules = {
  '--sign-by <fingerprint>': { refused: NO_SIGNING },
  '--sign-by-sigstore <file>': { refused: NO_SIGNING },
  '--sign-by-sigstore-private-key <file>': { refused: NO_SIGNING },
  '--sign-by-sq-fingerprint <fingerprint>': { refused: NO_SIGNING },
  '--sign-identity <name>': { refused: NO_SIGNING },
  '--sign-passphrase-file <file>': { refused: NO_SIGNING },
  '--remove-signatures': { ignored: 'signatures are copied only with --referrers of regctl' },
};

/** What `copy` has besides the connection. */
const COPY_OPTIONS: OptionRules = {
  ...same('-a, --all', '--digestfile <file>', '--preserve-digests', '-q, --quiet'),
  ...same('--dest-compress-level <n>', '--dest-force-compress-format', '--dest-decompress'),
  ...RETRY,
  ...SIGNING,
  '--screds <user:password>': '--src-creds',
  '--dcreds <user:password>': '--dest-creds',
  '--additional-tag <names>': (value) => value.split(',').map((tag) => `--additional-tag=${tag}`),
  '--dest-compress': (value, line) => compressForDir(value, line),
  '--dest-compress-format <algorithm>': (value, line) => compressFormat(value, line),
  '--dest-oci-accept-uncompressed-layers': { ignored: 'layers are never changed' },
  '--dest-precompute-digests': { ignored: 'layers that the registry has are never sent' },
  '--decryption-key <key>': { refused: NO_ENCRYPTION },
  '--encrypt-layer <n>': { refused: NO_ENCRYPTION },
  '--encryption-key <key>': { refused: NO_ENCRYPTION },
  '-f, --format <type>': (value) => manifestFormat(value),
  '--image-parallel-copies <n>': '--concurrency',
  '--multi-arch <which>': (value) => multiArch(value),
  '--require-signed': { refused: 'Write the rule into a policy: regctl copy --policy FILE …' },
};

/** `--dest-compress` is for `dir:` only. */
function compressForDir(value: string, line: Line): readonly string[] {
  const isDir = line.args[1]?.startsWith('dir:') === true;
  return value !== 'false' && isDir ? ['--dest-compress-format=gzip'] : [];
}

function compressFormat(value: string, line: Line): readonly string[] {
  if (value.toLowerCase() === 'zstd:chunked') {
    throw new AppError('USAGE', 'skopeo: regctl does not write zstd:chunked layers', {
      hint: 'Layers without the table of chunks: --dest-compress-format zstd',
    });
  }
  // As skopeo: what keeps the digest keeps the layers.
  return line.has('preserve-digests') ? [] : [`--dest-compress-format=${value.toLowerCase()}`];
}

function manifestFormat(value: string): readonly string[] {
  if (value !== 'v2s1') return [`--format=${value}`];
  throw new AppError('USAGE', 'skopeo: regctl does not write schema 1 manifests', {
    hint: 'Registries have dropped them; write --format v2s2.',
  });
}

/** A list of platforms is regctl's `--platform`. */
function multiArch(value: string): readonly string[] {
  return value.includes('/') ? [`--platform=${value}`] : [`--multi-arch=${value}`];
}

const TRANSPORT =
  /^(?:docker:\/\/|(?:containers-storage|dir|docker-archive|docker-daemon|oci|oci-archive|sif|tarball):)/u;

/** @throws AppError USAGE for a name without a transport */
function images(line: Line): readonly string[] {
  for (const name of line.args) {
    if (TRANSPORT.test(name)) continue;
    throw new AppError(
      'USAGE',
      `invalid image name "${name}", expected colon-separated transport:reference`,
      { hint: `For an image of a registry: docker://${name}` },
    );
  }
  return line.args;
}

const retries = (line: Line): readonly string[] =>
  line.has('retry-times') ? [] : ['--retry-times=0'];

const ONE_PLATFORM = ['all', 'multi-arch', 'override-os', 'override-arch', 'override-variant'];

const POLICY = same('--insecure-policy', '--policy <file>', '--tmpdir <dir>');

const hostPolicy = (line: Line): readonly string[] =>
  line.has('policy') || line.has('insecure-policy') ? [] : ['--host-policy'];

const copy: Verb = {
  words: 'copy',
  to: ['copy'],
  options: {
    ...connection('src-'),
    ...connection('dest-'),
    ...POLICY,
    ...same('--authfile <file>'),
    ...COPY_OPTIONS,
  },
  args: images,
  defaults: (line) => [
    ...retries(line),
    ...(line.has('all') || line.has('multi-arch') ? [] : ['--multi-arch=system']),
    ...hostPolicy(line),
  ],
  prints: () => ({ transcript: true }),
};

/** What `inspect` prints. */
const MEMBERS = [
  'Name',
  'Digest',
  'RepoTags',
  'Created',
  'DockerVersion',
  'Labels',
  'Architecture',
  'Os',
  'Layers',
  'LayersData',
  'Env',
];

const inspect: Verb = {
  words: 'inspect',
  to: ['inspect'],
  options: {
    ...connection(''),
    ...RETRY,
    ...same('--config', '--raw', '-n, --no-tags'),
    '-f, --format <template>': '--format',
    '--manifest-digest <algorithm>': { ignored: 'an image is shown under the digest that it has' },
  },
  args: images,
  defaults: (line) => {
    const chosen = isRawManifest(line) || ONE_PLATFORM.some((option) => line.has(option));
    // Only registries list the tags there.
    const isElsewhere = line.args[0]?.startsWith('docker://') !== true && !line.has('no-tags');
    return [
      ...retries(line),
      ...(chosen ? [] : [`--override-os=${line.machine.platform.os}`]),
      ...(isElsewhere && !line.has('raw') && !line.has('config') ? ['--no-tags'] : []),
    ];
  },
  prints: (line) => (line.has('config') || line.has('raw') ? {} : { members: MEMBERS }),
};

/** The lines of `skopeo sync`, as it logs them. */
function syncLines(line: Line): string {
  const [copied, done] = line.has('dry-run')
    ? ['Would have copied image', 'Would have synced']
    : ['Copying image', 'Synced'];
  const failed = `{{if eq .Outcome "failed"}}Error copying {{.Source}}: {{.Error.message}}`;
  const [from, to] = ['src', 'dest'].map((side) =>
    line.value(side) === 'dir' ? 'dir:' : 'docker://',
  );
  const image = `${copied} from="${from}{{.Source}}" to="${to}{{.Destination}}"`;
  const each = `{{range .Images}}${failed}{{else}}${image}{{end}}{{println ""}}{{end}}`;
  return `${each}${done} {{len .Images}} images from {{.Totals.Sources}} sources`;
}

const sync: Verb = {
  words: 'sync',
  to: ['sync'],
  // Before the command `--format` is a template; after it, a form of manifests.
  toFor: (line) => [`--format=${syncLines(line)}`, 'sync'],
  options: {
    ...connection('src-'),
    ...connection('dest-'),
    ...POLICY,
    ...RETRY,
    ...SIGNING,
    ...same('--authfile <file>', '-a, --all', '--append-suffix <text>', '--digestfile <file>'),
    ...same('-s, --src <transport>', '-d, --dest <transport>', '--dry-run', '--keep-going'),
    ...same('--preserve-digests', '--scoped'),
    '-f, --format <type>': (value) => manifestFormat(value),
  },
  defaults: (line) => [...retries(line), '--state=none', ...hostPolicy(line)],
  args: (line) => {
    for (const option of ['src', 'dest']) {
      if (!line.has(option)) {
        throw new AppError('USAGE', `skopeo sync: --${option} is missing`, {
          hint: 'Write --src docker|dir|yaml and --dest docker|dir.',
        });
      }
    }
    return line.args;
  },
};

export const skopeo: Persona = {
  name: 'skopeo',
  version: `skopeo version ${SKOPEO} (regctl ${VERSION})`,
  options: ROOT,
  verbs: [
    copy,
    sync,
    inspect,
    {
      words: 'list-tags',
      to: ['list-tags'],
      options: { ...connection(''), ...RETRY },
      args: images,
      defaults: retries,
    },
    {
      words: 'delete',
      to: ['delete'],
      options: { ...connection(''), ...RETRY },
      args: images,
      defaults: (line) => [...retries(line), '--yes', '--quiet'],
      prints: () => ({ nothing: true }),
    },
    ...loginVerbs,
    { words: 'manifest-digest', to: ['manifest-digest'], options: {} },
  ],
  missing: [
    { words: 'standalone-sign', use: 'Sign with cosign: cosign sign --key KEY IMAGE@DIGEST' },
    { words: 'standalone-verify', use: 'Verify with cosign: cosign verify --key KEY IMAGE@DIGEST' },
    { words: 'generate-sigstore-key', use: 'Make a key with cosign: cosign generate-key-pair' },
  ],
  exits: { MANIFEST_UNKNOWN: 2, INTERRUPTED: 130, TERMINATED: 143 },
  failure: 1,
  words: { PLATFORM_UNKNOWN: 'no image found in image index' },
};
