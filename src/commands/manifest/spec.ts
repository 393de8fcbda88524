import type { CommandSpec } from '../types.ts';

export const manifestSpec: CommandSpec = {
  name: 'manifest',
  summary: 'Print the manifest of an image, byte for byte',
  args: [{ name: 'image', summary: 'image', required: true }],
  options: [],
  printsResult: true,
  alsoUses: ['platform'],
  examples: [
    { command: 'regctl manifest alpine', description: 'Print the index as it is stored' },
    {
      command: 'regctl manifest --platform linux/arm64 alpine',
      description: 'Print the manifest of one platform',
    },
  ],
  load: () => import('./run.ts'),
};
