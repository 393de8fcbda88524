import type { CommandSpec } from '../types.ts';

export const manifestPutSpec: CommandSpec = {
  name: 'manifest-put',
  summary: 'Store a manifest, byte for byte',
  description: 'What the manifest lists has to be there already.',
  args: [
    { name: 'image', summary: 'name with a tag or digest', required: true },
    { name: 'file', summary: 'the manifest; "-" or nothing is standard input', required: false },
  ],
  options: [
    {
      flags: '-t, --content-type <type>',
      summary: "its media type (default: the manifest's own)",
      kind: 'string',
    },
  ],
  examples: [
    {
      command: 'regctl manifest app:1 | regctl manifest-put registry.example.com/app:1',
      description: 'the manifest of another place',
    },
  ],
  load: () => import('./run.ts'),
};
