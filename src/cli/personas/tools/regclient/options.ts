import { AppError } from '../../../../errors/app-error.ts';
import { same } from '../../tables.ts';
import type { Line, OptionRules } from '../../types.ts';

/** Global options of regclient's `regctl`, allowed anywhere in a line. */
export const ROOT: OptionRules = {
  ...same('--user-agent <text>'),
  '--host <settings>': (value) => hostSettings(value),
  '--logopt <option>': { ignored: 'there is no log; --debug prints what is sent' },
  '-v, --verbosity <level>': (value) => (/^(?:debug|trace)$/iu.test(value) ? ['--debug'] : []),
};

/** `reg=HOST,user=U,pass=P,tls=disabled`: settings for the registry of this line. */
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

export const isLayout = (name: string): boolean => name.startsWith('ocidir://');

/** `ocidir://DIR:TAG` is `oci:DIR:TAG`. */
export const names = ({ args }: Line): readonly string[] => args.map(ourName);
export const ourName = (name: string): string => name.replace(/^ocidir:\/\//u, 'oci:');

/** REPOSITORY DIGEST becomes REPOSITORY@DIGEST. */
export function blobName({ args }: Line): readonly string[] {
  const [repository, digest, ...more] = args;
  if (repository === undefined || digest === undefined) return args.map(ourName);
  return [`${ourName(repository)}@${digest}`, ...more];
}

/** regclient's expressions match a whole name, ours match anywhere in it. */
export const anchored =
  (option: string) =>
  (value: string): readonly string[] => [`${option}=^(?:${value})$`];

export const isRaw = (line: Line): boolean => /^raw(?:-?body)?$/iu.test(line.value('format') ?? '');

/**
 * Adapts a template: drops methods that only lead to the document itself; fields are found whatever
 * their case. `raw-body` is our output without a template.
 */
export function format(value: string): readonly string[] {
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

export const FORMAT: OptionRules = { '--format <template>': format };
export const PLATFORM: OptionRules = {
  '-p, --platform <platform>': (value, line) =>
    value === 'local' ? [`--override-os=${line.machine.platform.os}`] : [`--platform=${value}`],
};
export const asJson = (line: Line): readonly string[] =>
  line.has('format') ? [] : ['--output=json'];

/** regclient deletes every tag of the digest, so it wants `--force-tag-dereference` for a tag. */
export function digestOrForced(line: Line): readonly string[] {
  const [image] = line.args;
  if (image !== undefined && !image.includes('@') && !line.has('force-tag-dereference')) {
    throw new AppError('USAGE', `"${image}" names a tag, and its manifest may have other tags`, {
      hint: `Remove only the tag: regctl tag rm ${image}`,
    });
  }
  return names(line);
}
