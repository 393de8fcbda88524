import type { CommandSpec } from '../types.ts';

export const loadSpec: CommandSpec = {
  name: 'load',
  summary: 'Load images from an archive into Docker or a registry',
  description:
    'The archive is what docker save writes, or an OCI layout in a tar, compressed or not. Without IMAGES, loads all images into the Docker daemon. With a name, loads the image of that name, or the only image, into its registry.',
  args: [{ name: 'images', summary: 'names in a registry', required: false, variadic: true }],
  options: [
    {
      flags: '-i, --input <file>',
      summary: 'read the archive from FILE (default: stdin)',
      kind: 'string',
    },
  ],
  alsoUses: ['parallel', 'platform', 'policy'],
  examples: [
    { command: 'regctl load -i images.tar', description: 'Load into the Docker daemon' },
    {
      command: 'regctl load -i app.tar registry.example.com/app:1.4',
      description: 'Load into a registry, without a daemon',
    },
  ],
  load: () => import('./run.ts'),
};
