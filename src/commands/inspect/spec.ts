import type { CommandSpec } from '../types.ts';

export const inspectSpec: CommandSpec = {
  name: 'inspect',
  summary: 'Inspect an image: platforms, layers and configuration',
  description:
    'Prints the JSON of skopeo, or a readable summary with -o text. From an index, shows the platform of --platform (default: the platform of this machine). Of an artifact, shows its type and its files.',
  args: [{ name: 'image', summary: 'image to inspect', required: true }],
  options: [
    { flags: '--raw', summary: 'print the stored manifest, byte for byte', kind: 'flag' },
    {
      flags: '--config',
      summary: 'print the image configuration (with --raw: byte for byte)',
      kind: 'flag',
    },
    {
      flags: '-n, --no-tags',
      summary: 'leave RepoTags and Referrers empty and save requests',
      kind: 'flag',
    },
    {
      flags: '--no-referrers',
      summary: 'do not look for signatures and SBOMs',
      kind: 'flag',
    },
  ],
  printsResult: true,
  alsoUses: ['platform'],
  examples: [
    { command: 'regctl inspect alpine', description: 'Print the JSON of skopeo, with more fields' },
    {
      command: 'regctl inspect -o text --platform linux/arm64 nginx',
      description: 'Show a summary of the arm64 image',
    },
    {
      command: 'regctl inspect --raw alpine',
      description: 'Print the index as the registry stores it',
    },
  ],
  load: () => import('./run.ts'),
};
