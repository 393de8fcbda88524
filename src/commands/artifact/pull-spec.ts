import type { CommandSpec } from '../types.ts';

export const artifactPullSpec: CommandSpec = {
  name: 'artifact pull',
  summary: 'Pull the files of an artifact to a directory',
  description:
    'Writes each layer that has a name to --output-dir, and unpacks directories that ORAS or regctl packed. Refuses names that lead out of it. A file that is there with the same content counts as done; one with other content is refused, unless --overwrite is given.',
  args: [{ name: 'name', summary: 'artifact to read', required: true }],
  options: [
    {
      flags: '--output-dir <dir>',
      summary: 'where to write the files (default: this directory)',
      kind: 'string',
    },
    { flags: '--overwrite', summary: 'replace files that have other content', kind: 'flag' },
  ],
  alsoUses: ['platform', 'parallel', 'policy'],
  otherNames: { '-o': '--output-dir (-o is the form of the output)' },
  examples: [
    {
      command: 'regctl artifact pull registry.example.com/site:1 --output-dir site',
      description: 'Write the files of an artifact to ./site',
    },
    {
      command: 'regctl artifact pull --overwrite registry.example.com/rules:2',
      description: 'Replace files of an older version in this directory',
    },
  ],
  load: () => import('./pull.ts'),
};
