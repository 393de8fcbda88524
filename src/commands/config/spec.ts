import type { CommandSpec } from '../types.ts';

export const configSpec: CommandSpec = {
  name: 'config',
  summary: 'Print the configuration of an image, byte for byte',
  args: [{ name: 'image', summary: 'image', required: true }],
  options: [],
  printsResult: true,
  examples: [{ command: 'regctl config alpine | jq .config.Env', description: 'its environment' }],
  load: () => import('./run.ts'),
};
