import type { CommandSpec } from '../types.ts';
import { FORMS } from '../transfer/forms.ts';

export const pullSpec: CommandSpec = {
  name: 'pull',
  summary: 'Pull an image to the Docker daemon, a file or a directory',
  description:
    "Without PLACE to the Docker daemon, under the same name. Of an index this machine's platform, unless --platform names another.",
  args: [
    { name: 'image', summary: 'image to pull', required: true },
    { name: 'place', summary: 'FILE.tar, or a name with its transport', required: false },
  ],
  options: [
    { flags: '-a, --all-tags', summary: 'all tags of the repository', kind: 'flag' },
    {
      flags: '--format <form>',
      summary: 'what PLACE is, as in crane: a tarball, or an OCI layout',
      kind: 'string',
      choices: FORMS,
    },
  ],
  longRunning: true,
  examples: [
    { command: 'regctl pull alpine:3.20', description: 'to the Docker daemon' },
    { command: 'regctl pull alpine:3.20 alpine.tar', description: 'to a file for `docker load`' },
    { command: 'regctl pull alpine:3.20 oci:alpine:3.20', description: 'to an OCI layout' },
  ],
  load: () => import('./run.ts'),
};
