import { AppError } from '../../../../errors/app-error.ts';
import { same } from '../../tables.ts';
import type { Line, Verb } from '../../types.ts';
import { digest, getManifest, remove } from './manifests.ts';
import { asJson, FORMAT, format, isLayout, isRaw, names, ourName, PLATFORM } from './options.ts';

const config: Omit<Verb, 'words'> = {
  to: ['config'],
  options: { ...FORMAT, ...PLATFORM },
  args: names,
  defaults: (line) => ['--image', ...(isRaw(line) ? [] : asJson(line))],
};

/** Whether `import` copies: `load` reads all images of a file, for a registry. */
const isCopied = (line: Line): boolean => line.has('name') || isLayout(line.args[0] ?? '');

/** Without a template regclient prints where the image went, as it was written. */
function copyFormat(line: Line): string {
  const [, target = ''] = line.args;
  return line.value('format') ?? (isLayout(target) ? target : '{{.Destination}}');
}

const VERDICT =
  '{{range .}}base image {{if .Outdated}}has changed{{else}}matches{{end}}{{println}}{{end}}';

/** The noun `image`. */
export const IMAGE_VERBS: readonly Verb[] = [
  {
    words: 'image copy',
    aliases: ['image cp'],
    to: ['copy'],
    // Before the command `--format` is a template; after it, a manifest format.
    toFor: (line) => [...format(copyFormat(line)), 'copy'],
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
    toFor: (line) => (isCopied(line) ? ['copy'] : ['load', '--input', line.args[1] ?? '-']),
    options: { '--name <name>': () => [] },
    args: (line) => {
      const [image = '', file = '-'] = line.args;
      const name = line.value('name');
      if (!isCopied(line)) return [ourName(image)];
      // The layout in the file keeps the digest.
      const from = name === undefined ? `oci-archive:${file}` : `docker-archive:${file}:${name}`;
      return [from, ourName(image)];
    },
    prints: () => ({ nothing: true }),
  },
  {
    words: 'image get-file',
    aliases: ['image cat'],
    to: ['cat'],
    options: {
      ...PLATFORM,
      '--format <template>': { refused: 'What a file is: regctl files -o json IMAGE PATH' },
    },
    args: ({ args: [image = '', path = ''] }) => [ourName(image), path],
    prints: ({ args: [, , file] }) => ({ file }),
  },
  {
    words: 'image check-base',
    to: ['outdated'],
    options: {
      ...PLATFORM,
      '--base <image>': (base) => ['--base', ourName(base)],
      '--digest <digest>': '--base-digest',
      '--no-config': { ignored: 'history is compared as well, but no other setting' },
      '--quiet': '--quiet',
    },
    args: (line) => {
      if (line.has('base')) return names(line);
      throw new AppError('USAGE', 'regclient: name the base image', {
        hint: 'Add it: regctl outdated --base BASE IMAGE',
      });
    },
    defaults: () => [`--format=${VERDICT}`],
  },
  { words: 'manifest diff', to: ['diff', '--fast'], options: PLATFORM, args: names },
  { words: 'image delete', aliases: ['image rm'], ...remove },
  { words: 'image ratelimit', to: ['rate-limit'], options: FORMAT, args: names, defaults: asJson },
];
