import type { CommandSpec } from '../types.ts';

export const uiSpec: CommandSpec = {
  name: 'ui',
  summary: 'Show a registry in the web browser',
  description:
    'Serves pages on 127.0.0.1 until interrupted, with the logins of this machine, and opens a browser: repositories, tags, and images with their platforms, layers and configuration. Only the browser that opens the printed address can see them.',
  args: [
    {
      name: 'registry',
      summary: 'registry, repository or image to open first',
      required: false,
    },
  ],
  options: [
    { flags: '--port <n>', summary: 'listen on port N (default: any free port)', kind: 'integer' },
    {
      flags: '--allow-delete',
      summary: 'also show the pages that delete images and tags',
      kind: 'flag',
    },
    { flags: '--no-open', summary: 'print the address; open no browser', kind: 'flag' },
  ],
  otherNames: { '--listen': '--port', '-p': '--port', '--write': '--allow-delete' },
  alsoUses: ['platform', 'parallel', 'policy'],
  manyRequests: true,
  examples: [
    { command: 'regctl ui registry.example.com', description: 'Browse a registry' },
    { command: 'regctl ui alpine', description: 'Browse the tags of a repository' },
    {
      command: 'regctl ui --verify-key cosign.pub registry.example.com',
      description: 'Also verify signatures',
    },
    { command: 'regctl ui --no-open --port 8080', description: 'Print the address to open' },
  ],
  load: () => import('./run.ts'),
};
