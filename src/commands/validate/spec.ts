import type { CommandSpec } from '../types.ts';

export const validateSpec: CommandSpec = {
  name: 'validate',
  summary: 'Check that an image is complete and consistent',
  description:
    'Reads every manifest, configuration and layer of every platform: digests, sizes, diff IDs, media types, platforms, history, and the entries of the layers. Exits with status 5 if anything is wrong, and lists all of it.',
  args: [{ name: 'image', summary: 'image or index', required: true }],
  options: [
    {
      flags: '--fast',
      summary: 'look for the layers without reading them',
      kind: 'flag',
    },
  ],
  printsResult: true,
  readsLayers: true,
  examples: [
    { command: 'regctl validate alpine:3.20', description: 'Check all platforms' },
    {
      command: 'regctl validate --fast registry.example.com/app:1.4',
      description: 'Check all except the files in layers',
    },
    { command: 'regctl validate docker-archive:app.tar', description: 'Check an archive' },
  ],
  load: () => import('./run.ts'),
};
