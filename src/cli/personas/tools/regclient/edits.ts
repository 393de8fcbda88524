import { AppError } from '../../../../errors/app-error.ts';
import type { Line, OptionRules, Verb } from '../../types.ts';
import { FORMAT, ourName, PLATFORM } from './options.ts';

/** `KEY=VALUE` sets, `KEY=` removes. */
const pair =
  (option: string) =>
  (value: string): readonly string[] => {
    const [, key = '', text = ''] = /^([^=]*)=?(.*)$/su.exec(value) ?? [];
    return text === '' ? [`--unset-${option}=${key}`] : [`--${option}=${key}=${text}`];
  };

/** `[PLATFORM]KEY=VALUE`; regclient's `[*]` is all images of an index. */
function annotation(value: string): readonly string[] {
  const [, where, rest = ''] = /^(?:\[([^\]]*)\])?(.*)$/su.exec(value) ?? [];
  const [key = '', ...text] = rest.split('=');
  const level = where === undefined ? '' : where === '*' ? 'manifest:' : `manifest[${where}]:`;
  const isUnset = text.join('=') === '';
  return [isUnset ? `--unset-annotation=${level}${key}` : `--annotation=${level}${rest}`];
}

/** `tar=FILE` or `dir=DIR`, with a platform. @throws AppError USAGE */
function layer(value: string): readonly string[] {
  const parts = new Map(
    value.split(',').map((part) => {
      const [, name = '', text = ''] = /^([^=]*)=?(.*)$/su.exec(part) ?? [];
      return [name, text] as const;
    }),
  );
  const given = ['tar', 'dir'].flatMap((name) => parts.get(name) ?? []);
  const [only] = given;
  if (only === undefined || given.length > 1) {
    throw new AppError('USAGE', `--layer-add takes tar=FILE or dir=DIR, not "${value}"`);
  }
  const platform = parts.get('platform');
  return [`--append=${only}`, ...(platform === undefined ? [] : [`--platform=${platform}`])];
}

/** `OLD,NEW` */
function bases(value: string): readonly string[] {
  const [from = '', to = ''] = value.split(',');
  return [`--old-base=${ourName(from)}`, `--new-base=${ourName(to)}`];
}

const NO_TIMES = { refused: 'Set the creation time: --created TIME, or SOURCE_DATE_EPOCH' };
const NO_COMPRESSION = { refused: 'Copy it with other layers: regctl copy --dest-compress-format' };

const MOD: OptionRules = {
  ...FORMAT,
  ...PLATFORM,
  '--create <image>': (value) => [`--tag=${ourName(value)}`],
  '--replace': '--in-place',
  '--annotation <annotation>': annotation,
  '--annotation-base <name,digest>': (value) => {
    const [name = '', digest = ''] = value.split(',');
    const base = 'org.opencontainers.image.base';
    return [`--annotation=${base}.name=${name}`, `--annotation=${base}.digest=${digest}`];
  },
  '--config-author <author>': '--author',
  '--config-cmd <command>': '--cmd',
  '--config-entrypoint <command>': '--entrypoint',
  '--config-platform <platform>': '--set-platform',
  '--config-user <user>': '--user',
  '--config-workdir <path>': '--workdir',
  '--workdir <path>': '--workdir',
  '--user <user>': '--user',
  '--env <variable>': pair('env'),
  '--label <label>': pair('label'),
  '--expose-add <port>': '--expose',
  '--expose-rm <port>': '--unset-expose',
  '--volume-add <path>': '--volume',
  '--volume-rm <path>': '--unset-volume',
  '--layer-add <layer>': layer,
  '--layer-rm-index <n>': '--layer-rm',
  '--layer-strip-file <path>': '--strip-file',
  '--rebase': '--rebase',
  '--rebase-ref <old,new>': bases,
  '--to-oci': ['--to=oci'],
  '--to-docker': ['--to=docker'],
  '--time <options>': NO_TIMES,
  '--config-time <options>': NO_TIMES,
  '--layer-time <options>': NO_TIMES,
  '--file-tar-time <file,options>': NO_TIMES,
  '--layer-compress <format>': NO_COMPRESSION,
  '--layer-rm-created-by <regex>': { refused: 'Remove it by its number: --layer-rm N' },
  '--label-to-annotation': { refused: 'Set them: --annotation KEY=VALUE' },
  '--annotation-promote': { refused: 'Set them: --annotation index:KEY=VALUE' },
  '--reproducible': { refused: 'Set SOURCE_DATE_EPOCH.' },
  '--data-max <n>': { refused: 'regctl embeds no content in descriptors.' },
  '--digest-algo <name>': { refused: 'A changed manifest keeps its algorithm.' },
  '--external-urls-rm': {
    refused: 'Copy it with its layers: regctl copy --allow-nondistributable',
  },
  '--to-oci-referrers': { refused: 'regctl repairs referrers: regctl referrers repair' },
};

const DESTINATION = '--format={{index .Destinations 0}}';

/** regclient prints the name of the result. */
const named = (line: Line): readonly string[] => {
  if (line.has('format')) return [];
  const name = line.value('create') ?? (line.has('replace') ? line.args[0] : undefined);
  return [name === undefined ? DESTINATION : `--format=${name}`];
};

/** The verbs of `image` that change or make one. */
export const EDIT_VERBS: readonly Verb[] = [
  {
    words: 'image mod',
    to: ['mutate'],
    options: MOD,
    args: ({ args }) => args.map(ourName),
    defaults: named,
  },
  {
    words: 'image create',
    to: ['mutate', '--base=scratch'],
    options: {
      ...FORMAT,
      '--annotation <annotation>': annotation,
      '--label <label>': pair('label'),
      '--platform <platform>': '--set-platform',
      '--created <time>': '--created',
      '--media-type <type>': { ignored: 'the image is OCI' },
      '--subject <image>': { refused: 'Attach an artifact: regctl artifact attach' },
    },
    args: () => [],
    defaults: ({ args: [name = ''] }) => [`--tag=${ourName(name)}`],
    prints: () => ({ nothing: true }),
  },
];
