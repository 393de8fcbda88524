import type { CommandSpec } from '../types.ts';

export const filesSpec: CommandSpec = {
  name: 'files',
  summary: 'List the files of an image',
  description:
    'Shows the files as a container sees them: what the layers make together, without what later layers delete. Reads and verifies every layer, and writes nothing to the disk. Layers count from 0, the lowest.',
  args: [
    { name: 'image', summary: 'image', required: true },
    { name: 'path', summary: 'only this file, or what is below this directory', required: false },
  ],
  options: [
    {
      flags: '-l, --long',
      summary: 'also show mode, owner, size, time and layer',
      kind: 'flag',
    },
    {
      flags: '--layer <n>',
      summary: 'list what layer N itself holds, with its whiteouts',
      kind: 'integer',
    },
  ],
  printsResult: true,
  readsLayers: true,
  alsoUses: ['platform'],
  examples: [
    { command: 'regctl files alpine:3.20 /etc', description: 'List the files below /etc' },
    {
      command: 'regctl files --long --layer 0 ghcr.io/o/app:1.4',
      description: 'List what the lowest layer holds',
    },
    {
      command: `regctl files -o json alpine | jq '.Files | sort_by(-.Size)[:10]'`,
      description: 'Find the ten largest files',
    },
  ],
  load: () => import('./run.ts'),
};
