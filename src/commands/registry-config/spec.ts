import type { CommandSpec } from '../types.ts';

export const registryConfigSpec: CommandSpec = {
  name: 'registry-config',
  summary: 'Print settings of a registry in the file of regclient',
  description: 'Without a registry, all entries. Passwords and tokens are left out.',
  args: [{ name: 'registry', summary: 'registry', required: false }],
  options: [],
  printsResult: true,
  hidden: true,
  examples: [
    {
      command: 'regctl registry-config registry.example.com',
      description: 'Print the settings of one registry',
    },
    {
      command: 'regctl registry-config',
      description: 'Print the settings of all registries',
    },
  ],
  load: () => import('./run.ts'),
};
