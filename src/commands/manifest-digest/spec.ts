import type { CommandSpec } from '../types.ts';

export const manifestDigestSpec: CommandSpec = {
  name: 'manifest-digest',
  summary: 'Compute the digest of a manifest in a file',
  args: [{ name: 'file', summary: 'file with a manifest', required: true }],
  options: [],
  printsResult: true,
  uses: [],
  examples: [
    {
      command: 'regctl manifest alpine > m.json && regctl manifest-digest m.json',
      description: 'Compute the digest of a saved manifest',
    },
    {
      command: 'regctl manifest-digest manifest.json',
      description: 'Compute the digest that a registry gives this manifest',
    },
  ],
  load: () => import('./run.ts'),
};
