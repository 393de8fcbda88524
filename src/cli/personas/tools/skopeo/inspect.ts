import { same } from '../../tables.ts';
import type { Verb } from '../../types.ts';
import { connection, images, isRawManifest, retries, RETRY } from './options.ts';

const ONE_PLATFORM = ['all', 'multi-arch', 'override-os', 'override-arch', 'override-variant'];

/** The output of `inspect`. */
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

export const inspect: Verb = {
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
    // skopeo lists tags of registries only.
    const isElsewhere = line.args[0]?.startsWith('docker://') !== true && !line.has('no-tags');
    const isImage = !line.has('raw') && !line.has('config');
    return [
      ...retries(line),
      ...(chosen ? [] : [`--override-os=${line.machine.platform.os}`]),
      ...(isElsewhere && isImage ? ['--no-tags'] : []),
      ...(isElsewhere || line.has('no-tags') || !isImage ? [] : ['--no-referrers']),
    ];
  },
  prints: (line) => (line.has('config') || line.has('raw') ? {} : { members: MEMBERS }),
};
