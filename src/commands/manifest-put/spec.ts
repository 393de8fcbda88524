import type { CommandSpec } from '../types.ts';

export const manifestPutSpec: CommandSpec = {
  name: 'manifest-put',
  summary: 'Push a manifest, byte for byte',
  description: 'What the manifest lists has to be there already.',
  args: [
    { name: 'image', summary: 'name with a tag or digest', required: true },
    { name: 'file', summary: 'the manifest; "-" or nothing is standard input', required: false },
  ],
  options: [
    {
      flags: '-t, --content-type <type>',
      summary: 'media type (default: as the manifest says)',
      kind: 'string',
    },
  ],
  examples: [
    {
      command: 'regctl manifest-put registry.example.com/app:1 manifest.json',
      description: 'Push a manifest from a file',
    },
    {
      command:
        'regctl manifest registry.example.com/app:1 | regctl manifest-put registry.example.com/app:stable',
      description: 'Push the manifest of another image',
    },
  ],
  load: () => import('./run.ts'),
};
