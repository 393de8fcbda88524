import { AppError } from '../../../../errors/app-error.ts';
import { VERSION } from '../../../../client/version.ts';
import { same } from '../../tables.ts';
import type { Line, OptionRules } from '../../types.ts';

const platformRule =
  (option: string) =>
  (value: string, line: Line): readonly string[] =>
    isRawManifest(line) ? [] : [`${option}=${value}`];

/** `inspect --raw` shows the document that the name points to, whatever the platform. */
export const isRawManifest = (line: Line): boolean => line.has('raw') && !line.has('config');

/** Global options. */
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

/** Options of a registry or daemon, plain or prefixed for one side. */
export function connection(side: '' | 'src-' | 'dest-'): OptionRules {
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

export const RETRY = same('--retry-times <n>', '--retry-delay <duration>');

const NO_SIGNING =
  'Copy without it, then sign what was copied: regctl sign --form simple --key FILE IMAGE';

export const SIGNING: OptionRules = {
  '--sign-by <fingerprint>': { refused: NO_SIGNING },
  '--sign-by-sigstore <file>': { refused: NO_SIGNING },
  '--sign-by-sigstore-private-key <file>': { refused: NO_SIGNING },
  '--sign-by-sq-fingerprint <fingerprint>': { refused: NO_SIGNING },
  '--sign-identity <name>': { refused: NO_SIGNING },
  '--sign-passphrase-file <file>': { refused: NO_SIGNING },
  '--remove-signatures': { ignored: 'signatures are copied only with --referrers of regctl' },
};

/** Preserved digests preserve the manifest, too. */
export function manifestFormat(value: string, line: Line): readonly string[] {
  if (line.has('preserve-digests')) return [];
  if (value !== 'v2s1') return [`--format=${value}`];
  throw new AppError('USAGE', 'regctl does not write schema 1 manifests', {
    hint: 'Registries have dropped them; write --format v2s2.',
  });
}

const TRANSPORT =
  /^(?:docker:\/\/|(?:containers-storage|dir|docker-archive|docker-daemon|oci|oci-archive|sif|tarball):)/u;

/** @throws AppError USAGE for a name without a transport */
export function images(line: Line): readonly string[] {
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

export const retries = (line: Line): readonly string[] =>
  line.has('retry-times') ? [] : ['--retry-times=0'];

export const POLICY = same('--insecure-policy', '--policy <file>', '--tmpdir <dir>');

/** The machine's policy by default. Of an index skopeo checks each image that it copies. */
export const hostPolicy = (line: Line): readonly string[] => {
  if (line.has('insecure-policy')) return [];
  return [...(line.has('policy') ? [] : ['--host-policy']), '--policy-each-image'];
};
