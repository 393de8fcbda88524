import type { CommandSpec } from '../types.ts';

export const blobSpec: CommandSpec = {
  name: 'blob',
  summary: 'Print a blob, byte for byte and verified',
  args: [{ name: 'blob', summary: 'REPOSITORY@DIGEST', required: true }],
  options: [],
  printsResult: true,
  longRunning: true,
  examples: [
    { command: 'regctl blob alpine@sha256:… > layer.tar.gz', description: 'save a layer' },
  ],
  load: () => import('./run.ts'),
};
