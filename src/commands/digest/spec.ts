import type { CommandSpec } from '../types.ts';

export const digestSpec: CommandSpec = {
  name: 'digest',
  summary: 'Print the digest of an image',
  description:
    'Sends one HEAD request, which is not a pull. With --platform, prints the digest of that platform.',
  args: [{ name: 'image', summary: 'image', required: true }],
  options: [{ flags: '--full-ref', summary: 'print REPOSITORY@DIGEST', kind: 'flag' }],
  printsResult: true,
  alsoUses: ['platform'],
  examples: [
    { command: 'regctl digest alpine:3.20', description: 'Print the digest to pin' },
    {
      command: 'regctl digest --platform linux/arm64 alpine',
      description: 'Print the digest of one platform',
    },
  ],
  load: () => import('./run.ts'),
};
