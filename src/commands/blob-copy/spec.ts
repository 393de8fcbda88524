import type { CommandSpec } from '../types.ts';

export const blobCopySpec: CommandSpec = {
  name: 'blob-copy',
  summary: 'Copy one blob between repositories and OCI layouts',
  args: [
    { name: 'source', summary: 'repository, or an OCI layout', required: true },
    { name: 'destination', summary: 'where it goes', required: true },
    { name: 'digest', summary: 'digest of the blob', required: true },
  ],
  options: [],
  hasSourceAndDestination: true,
  alsoUses: ['policy'],
  examples: [
    {
      command: 'regctl blob-copy registry.example.com/app oci:out sha256:…',
      description: 'Copy a layer to an OCI layout',
    },
    {
      command: 'regctl blob-copy ghcr.io/o/app registry.example.com/app sha256:…',
      description: 'Copy a layer between registries',
    },
  ],
  load: () => import('./run.ts'),
};
