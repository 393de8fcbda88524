import type { CommandSpec } from '../types.ts';

export const catalogSpec: CommandSpec = {
  name: 'catalog',
  summary: 'List the repositories of a registry',
  description: 'Docker Hub has no catalog. For one of its namespaces, use docker.io/NAMESPACE.',
  args: [{ name: 'registry', summary: 'registry, or registry/namespace', required: true }],
  options: [
    {
      flags: '--include <regex>',
      summary: 'list only repositories that match (repeatable)',
      kind: 'list',
    },
    {
      flags: '--exclude <regex>',
      summary: 'skip repositories that match (repeatable)',
      kind: 'list',
    },
    { flags: '--limit <n>', summary: 'print at most N repositories', kind: 'integer' },
    {
      flags: '--last <name>',
      summary: 'only repositories listed after this one',
      kind: 'string',
    },
    { flags: '--full-ref', summary: 'print REGISTRY/REPOSITORY', kind: 'flag' },
  ],
  printsResult: true,
  examples: [
    { command: 'regctl catalog registry.example.com', description: 'List every repository' },
    {
      command: 'regctl catalog docker.io/bitnami',
      description: 'List the repositories of one Docker Hub namespace',
    },
  ],
  load: () => import('./run.ts'),
};
