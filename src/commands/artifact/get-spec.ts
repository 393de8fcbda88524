import type { CommandSpec } from '../types.ts';

export const artifactGetSpec: CommandSpec = {
  name: 'artifact-get',
  summary: 'Print one file of an artifact',
  args: [{ name: 'name', summary: 'artifact to read', required: true }],
  options: [
    { flags: '--file <name>', summary: 'the file of this name', kind: 'string' },
    { flags: '--file-media-type <type>', summary: 'the file of this type', kind: 'string' },
    { flags: '--config', summary: 'the configuration', kind: 'flag' },
  ],
  hidden: true,
  alsoUses: ['platform'],
  examples: [
    {
      command: 'regctl artifact-get registry.example.com/rules:2',
      description: 'Print the only file of an artifact',
    },
    {
      command: 'regctl artifact-get --file page.html registry.example.com/site:1',
      description: 'Print one of several files',
    },
  ],
  load: () => import('./get.ts'),
};
