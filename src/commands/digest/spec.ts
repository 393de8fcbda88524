import type { CommandSpec } from '../types.ts';

export const digestSpec: CommandSpec = {
  name: 'digest',
  summary: 'Print the digest of an image',
  description:
    'Asks with a HEAD request, which Docker Hub does not count as a pull. With --platform it is the digest of that platform.',
  args: [{ name: 'image', summary: 'image', required: true }],
  options: [],
  printsResult: true,
  examples: [
    { command: 'regctl digest alpine:3.20', description: 'the digest to pin it by' },
    { command: 'regctl digest --platform linux/arm64 alpine', description: "one platform's" },
  ],
  load: () => import('./run.ts'),
};
