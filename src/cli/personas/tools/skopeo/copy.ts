import { AppError } from '../../../../errors/app-error.ts';
import { same } from '../../tables.ts';
import type { Line, OptionRules, Verb } from '../../types.ts';
import {
  connection,
  hostPolicy,
  images,
  manifestFormat,
  POLICY,
  retries,
  RETRY,
  SIGNING,
} from './options.ts';

const NO_ENCRYPTION = 'regctl neither encrypts nor decrypts layers; use skopeo for this image.';

/** Options of `copy` other than those of the connection. */
const COPY_OPTIONS: OptionRules = {
  ...same('-a, --all', '--digestfile <file>', '--preserve-digests', '-q, --quiet'),
  ...RETRY,
  ...SIGNING,
  '--screds <user:password>': '--src-creds',
  '--dcreds <user:password>': '--dest-creds',
  '--additional-tag <names>': (value) => value.split(',').map((tag) => `--additional-tag=${tag}`),
  '--dest-compress': (value, line) =>
    isForDir(value, line) && compresses(line) && !line.has('dest-compress-format')
      ? ['--dest-compress-format=gzip']
      : [],
  '--dest-compress-format <algorithm>': (value, line) => compressFormat(value, line),
  '--dest-compress-level <n>': (value, line) =>
    compresses(line) ? [`--dest-compress-level=${value}`] : [],
  '--dest-decompress': (value, line) => (isForDir(value, line) ? ['--dest-decompress'] : []),
  '--dest-force-compress-format': (value, line) => forceFormat(value, line),
  '--dest-oci-accept-uncompressed-layers': { ignored: 'layers are never changed' },
  '--dest-precompute-digests': { ignored: 'layers that the registry has are never sent' },
  '--decryption-key <key>': { refused: NO_ENCRYPTION },
  '--encrypt-layer <n>': { refused: NO_ENCRYPTION },
  '--encryption-key <key>': { refused: NO_ENCRYPTION },
  '-f, --format <type>': (value, line) => manifestFormat(value, line),
  '--image-parallel-copies <n>': '--concurrency',
  '--multi-arch <which>': (value) => multiArch(value),
  '--require-signed': { refused: 'Write the rule into a policy: regctl copy --policy FILE …' },
};

/** `--dest-compress` and `--dest-decompress` are for `dir:` only. */
const isForDir = (value: string, line: Line): boolean => value !== 'false' && isDir(line);

const isDir = (line: Line): boolean => line.args[1]?.startsWith('dir:') === true;

/** Whether layers are compressed: not if digests are preserved, and in `dir:` only on request. */
function compresses(line: Line): boolean {
  if (line.has('preserve-digests')) return false;
  if (isDir(line)) return line.has('dest-compress') && line.value('dest-compress') !== 'false';
  return line.has('dest-compress-format');
}

function compressFormat(value: string, line: Line): readonly string[] {
  if (value.toLowerCase() === 'zstd:chunked') {
    throw new AppError('USAGE', 'regctl does not write zstd:chunked layers', {
      hint: 'Layers without the table of chunks: --dest-compress-format zstd',
    });
  }
  return compresses(line) ? [`--dest-compress-format=${value.toLowerCase()}`] : [];
}

/** Without a format it is an error. */
function forceFormat(value: string, line: Line): readonly string[] {
  const isDropped = line.has('dest-compress-format') && !compresses(line);
  return value === 'false' || isDropped ? [] : ['--dest-force-compress-format'];
}

/** A list of platforms becomes our `--platform`. */
function multiArch(value: string): readonly string[] {
  return value.includes('/') ? [`--platform=${value}`] : [`--multi-arch=${value}`];
}

export const copy: Verb = {
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
