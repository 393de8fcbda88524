import type { CommandSpec } from '../types.ts';

export const exportSpec: CommandSpec = {
  name: 'export',
  summary: 'Save the files of an image as one tar',
  description:
    'Merges the layers as a container sees them, for tar -x, docker import or podman import. Every layer is verified before the first byte is written. Layers of a registry wait, still compressed, in the temporary directory.',
  args: [
    { name: 'image', summary: 'image', required: true },
    { name: 'file', summary: 'tar to write; - is standard output (default)', required: false },
  ],
  options: [],
  readsLayers: true,
  alsoUses: ['platform'],
  examples: [
    { command: 'regctl export alpine:3.20 rootfs.tar', description: 'Save the file system' },
    {
      command: 'regctl export alpine:3.20 | tar -x -C dir',
      description: 'Extract it into a directory',
    },
  ],
  load: () => import('./run.ts'),
};
