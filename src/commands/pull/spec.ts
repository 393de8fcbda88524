import type { CommandSpec } from '../types.ts';
import { FORMS } from '../transfer/forms.ts';

export const pullSpec: CommandSpec = {
  name: 'pull',
  summary: 'Pull an image to the Docker daemon, a file or a directory',
  description:
    'Without PLACE, pulls to the Docker daemon, under the same name. From an index, pulls the platform of this machine unless --platform names another.',
  args: [
    { name: 'image', summary: 'image to pull', required: true },
    { name: 'place', summary: 'FILE.tar, or a name with its transport', required: false },
  ],
  options: [
    { flags: '-a, --all-tags', summary: 'pull all tags of the repository', kind: 'flag' },
    {
      flags: '--format <form>',
      summary: 'format of PLACE, as in crane',
      kind: 'string',
      choices: FORMS,
    },
  ],
  alsoUses: ['parallel', 'platform', 'policy'],
  manyRequests: ['allTags'],
  examples: [
    { command: 'regctl pull alpine:3.20', description: 'Pull to the Docker daemon' },
    {
      command: 'regctl pull alpine:3.20 alpine.tar',
      description: 'Pull to a file for docker load',
    },
    { command: 'regctl pull alpine:3.20 oci:alpine:3.20', description: 'Pull to an OCI layout' },
  ],
  load: () => import('./run.ts'),
};
