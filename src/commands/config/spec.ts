import type { CommandSpec } from '../types.ts';

export const configSpec: CommandSpec = {
  name: 'config',
  summary: 'Print the configuration of an image, byte for byte',
  args: [{ name: 'image', summary: 'image', required: true }],
  options: [{ flags: '--image', summary: 'refuse what is no image', kind: 'flag', hidden: true }],
  printsResult: true,
  alsoUses: ['platform'],
  examples: [
    {
      command: 'regctl config --platform linux/arm64 alpine',
      description: 'Print the configuration of one platform',
    },
    {
      command: 'regctl config alpine | jq .config.Env',
      description: 'Print the environment variables',
    },
  ],
  load: () => import('./run.ts'),
};
