import type { CommandSpec } from '../types.ts';

export const catSpec: CommandSpec = {
  name: 'cat',
  summary: 'Print a file of an image',
  description:
    'Follows symbolic links as a process in the container would. Reads layers from the highest down and stops after the one that has the file. Prints only what is verified.',
  args: [
    { name: 'image', summary: 'image', required: true },
    { name: 'path', summary: 'file in the image', required: true },
  ],
  options: [],
  printsResult: true,
  readsLayers: true,
  alsoUses: ['platform'],
  examples: [
    { command: 'regctl cat alpine:3.20 /etc/os-release', description: 'Print a file' },
    {
      command: 'regctl cat --platform linux/arm64 alpine:3.20 etc/os-release > os-release',
      description: 'Save the file of another platform',
    },
  ],
  load: () => import('./run.ts'),
};
