import type { CommandSpec } from '../types.ts';

export const diffSpec: CommandSpec = {
  name: 'diff',
  summary: 'Compare two images',
  description:
    'Shows what differs from image A to image B: manifest, configuration, layers, and files that are added (+), gone (-) or changed (~), with their sizes. Compares each platform of an index. A layer that both have is read once.',
  args: [
    { name: 'a', summary: 'first image', required: true },
    { name: 'b', summary: 'second image', required: true },
  ],
  options: [
    { flags: '--fast', summary: 'do not read layers: leave the files out', kind: 'flag' },
    { flags: '--exit-code', summary: 'exit with status 3 if the images differ', kind: 'flag' },
  ],
  printsResult: true,
  readsLayers: true,
  alsoUses: ['platform'],
  examples: [
    { command: 'regctl diff alpine:3.19 alpine:3.20', description: 'Compare all platforms' },
    {
      command: 'regctl diff --platform linux/amd64 --fast app:1 alpine:3.20',
      description: 'Compare configuration and layers of one platform',
    },
    {
      command: `regctl diff -o json alpine:3.19 alpine:3.20 | jq '.Platforms[0].Files.Added'`,
      description: 'List the files that the second image adds',
    },
  ],
  load: () => import('./run.ts'),
};
