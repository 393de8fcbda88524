import type { CommandSpec } from '../types.ts';

export const catalogSpec: CommandSpec = {
  name: 'catalog',
  summary: 'List the repositories of a registry',
  description:
    "Docker Hub has no catalog: catalog docker.io/NAMESPACE asks Docker Hub's own API for one account.",
  args: [{ name: 'registry', summary: 'registry, or registry/namespace', required: true }],
  options: [
    {
      flags: '--include <regex>',
      summary: 'keep the repositories that match (may be repeated: any match keeps)',
      kind: 'list',
    },
    {
      flags: '--exclude <regex>',
      summary: 'drop the repositories that match (may be repeated)',
      kind: 'list',
    },
    { flags: '--limit <n>', summary: 'stop after this many repositories', kind: 'integer' },
  ],
  printsResult: true,
  examples: [
    { command: 'regctl catalog registry.example.com', description: 'every repository' },
    {
      command: 'regctl catalog docker.io/bitnami',
      description: 'the repositories of one Docker Hub account',
    },
  ],
  load: () => import('./run.ts'),
};
