import type { CommandSpec } from '../types.ts';

export const registryConfigSpec: CommandSpec = {
  name: 'registry-config',
  summary: "Print a registry's entry of the file that regclient reads",
  description: 'Without a registry, all entries. Passwords and tokens are left out.',
  args: [{ name: 'registry', summary: 'registry', required: false }],
  options: [],
  printsResult: true,
  hidden: true,
  examples: [
    {
      command: 'regctl registry-config registry.example.com',
      description: 'what is kept for it',
    },
  ],
  load: () => import('./run.ts'),
};
