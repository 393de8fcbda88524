import type { CommandSpec } from '../types.ts';

export const blobPutSpec: CommandSpec = {
  name: 'blob-put',
  summary: 'Push a blob and print its digest',
  args: [
    { name: 'repository', summary: 'repository, or an OCI layout', required: true },
    { name: 'file', summary: 'the content; "-" or nothing is standard input', required: false },
  ],
  options: [
    { flags: '--digest <digest>', summary: 'refuse other content', kind: 'string' },
    { flags: '--media-type <type>', summary: 'as regclient', kind: 'string', hidden: true },
  ],
  examples: [
    {
      command: 'regctl blob-put registry.example.com/app layer.tar.gz',
      description: 'Push a layer before the manifest that lists it',
    },
    {
      command: 'tar -cz dir | regctl blob-put registry.example.com/app',
      description: 'Push what another program writes',
    },
  ],
  load: () => import('./run.ts'),
};
