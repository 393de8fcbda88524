import type { CommandSpec } from '../types.ts';

export const manifestDigestSpec: CommandSpec = {
  name: 'manifest-digest',
  summary: 'Compute the digest of a manifest in a file',
  args: [{ name: 'file', summary: 'file with a manifest', required: true }],
  options: [],
  printsResult: true,
  examples: [
    { command: 'regctl manifest-digest manifest.json', description: 'as a registry would name it' },
  ],
  load: () => import('./run.ts'),
};
