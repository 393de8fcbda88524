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
    throw new AppError('USAGE', 'regctl does not write zstd:chunked layers', {
      hint: 'Layers without the table of chunks: --dest-compress-format zstd',
    });
  }
  // As in skopeo, preserving digests preserves the layers too.
  return line.has('preserve-digests') ? [] : [`--dest-compress-format=${value.toLowerCase()}`];
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
