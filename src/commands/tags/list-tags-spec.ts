import type { CommandSpec } from '../types.ts';
import { tagOptions } from './spec.ts';

export const listTagsSpec: CommandSpec = {
  name: 'list-tags',
  summary: 'List the tags of a repository as JSON of skopeo',
  args: [{ name: 'repository', summary: 'repository, or an OCI layout', required: true }],
  options: tagOptions,
  printsResult: true,
  alsoUses: ['parallel', 'platform'],
  examples: [
    {
      command: 'regctl list-tags alpine --semver ^3',
      description: 'List only releases of Alpine 3',
    },
    {
      command: 'regctl list-tags docker://busybox',
      description: 'Print the output of skopeo list-tags',
    },
  ],
  load: () => import('./list-tags.ts'),
};
