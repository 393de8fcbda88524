import { AppError } from '../../../../errors/app-error.ts';
import { same } from '../../tables.ts';
import type { Line, OptionRules } from '../../types.ts';

const NO_FILE = 'Put the certificates into a directory: --cert-dir DIR of regctl';

/** Options of a registry, plain or prefixed for one side of `cp`. */
export function remote(prefix: '' | 'from-' | 'to-', ours: '' | 'src-' | 'dest-'): OptionRules {
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
    // `args` says what the name refers to.
    [`--${prefix}oci-layout`]: () => [],
    [`--${prefix}oci-layout-path <dir>`]: {
      refused: 'Write the directory into the name: --oci-layout DIR:TAG',
    },
  };
}

export const COMMON: OptionRules = {
  '-d, --debug': '--debug',
  '--no-tty': ['--progress=plain'],
  '--concurrency <n>': '--concurrency',
};

export const REMOTE: OptionRules = { ...COMMON, ...remote('', '') };

export const inLayout = (name: string, isLayout: boolean): string =>
  isLayout ? `oci:${name}` : name;

/** The first word names the image, possibly one in a layout. */
export const image = (line: Line): readonly string[] =>
  line.args.map((word, at) => inLayout(word, at === 0 && line.has('oci-layout')));

export const DESCRIPTOR =
  '--format={"mediaType":"{{.MediaType}}","digest":"{{.Digest}}","size":{{.Size}}}';

/** `--output FILE`; `-` is standard output. */
export const toFile = (line: Line): { readonly file?: string } => {
  const file = line.value('output');
  return file === undefined || file === '-' ? {} : { file };
};

/** The forms of `discover`. @throws AppError USAGE for a template */
export function discoverFormat(form: string): readonly string[] {
  if (form === 'json') return ['--output=json', '--json-form=oras'];
  if (form === 'tree' || form === 'table') return [];
  throw new AppError('USAGE', `regctl has no form "${form}" of discover`, {
    hint: 'Take the JSON: oras discover --format json IMAGE',
  });
}

/** The forms of results. @throws AppError USAGE for a template, whose fields differ */
export function resultFormat(form: string): readonly string[] {
  if (form === 'json') return ['--output=json'];
  if (form === 'text') return [];
  throw new AppError('USAGE', `regctl has no form "${form}" of this result`, {
    hint: "Take regctl's own template: regctl artifact push --format '{{.Digest}}' …",
  });
}

export const OUTPUT: OptionRules = { '-o, --output <file>': () => [] };
export const PLATFORM = same('--platform <platform>');
export const NOTHING = (): { readonly nothing: true } => ({ nothing: true });

/** NAME@DIGEST: lists the tags of that image. */
export function ofDigest({ args }: Line): readonly string[] {
  const digest = /@(.+)$/u.exec(args[0] ?? '')?.[1];
  return digest === undefined ? [] : [`--digest=${digest}`];
}
