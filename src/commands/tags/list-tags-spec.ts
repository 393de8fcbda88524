import type { CommandSpec } from '../types.ts';
import { tagOptions } from './spec.ts';

export const listTagsSpec: CommandSpec = {
  name: 'list-tags',
  summary: "List the tags of a repository as skopeo's JSON",
  args: [{ name: 'repository', summary: 'repository, or an OCI layout', required: true }],
  options: tagOptions,
  printsResult: true,
  examples: [
    { command: 'regctl list-tags docker://busybox', description: 'as skopeo list-tags prints it' },
  ],
  load: () => import('./list-tags.ts'),
};
