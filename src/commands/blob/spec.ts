import type { CommandSpec } from '../types.ts';

export const blobSpec: CommandSpec = {
  name: 'blob',
  summary: 'Print a verified blob, byte for byte',
  args: [{ name: 'blob', summary: 'REPOSITORY@DIGEST', required: true }],
  options: [{ flags: '--head', summary: 'only whether it is there, and its size', kind: 'flag' }],
  printsResult: true,
  examples: [
    { command: 'regctl blob alpine@sha256:… | tar -tz', description: 'List the files of a layer' },
    { command: 'regctl blob alpine@sha256:… > layer.tar.gz', description: 'Save a layer' },
  ],
  load: () => import('./run.ts'),
};
