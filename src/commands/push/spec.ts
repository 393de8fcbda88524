import type { CommandSpec } from '../types.ts';

export const pushSpec: CommandSpec = {
  name: 'push',
  summary: 'Push an image of the Docker daemon or a file to its registry',
  description: 'With only IMAGE, pushes the image of that name in the Docker daemon.',
  args: [
    { name: 'place', summary: 'IMAGE, or where it is: FILE.tar, SCHEME:NAME', required: true },
    { name: 'image', summary: 'name of the image in its registry', required: false },
  ],
  options: [{ flags: '-a, --all-tags', summary: 'push all tags of the repository', kind: 'flag' }],
  alsoUses: ['parallel', 'platform', 'policy'],
  manyRequests: ['allTags'],
  examples: [
    {
      command: 'regctl push registry.example.com/app:1.4',
      description: 'Push an image of the Docker daemon',
    },
    {
      command: 'regctl push app.tar registry.example.com/app:1.4',
      description: 'Push the output of docker save',
    },
  ],
  load: () => import('./run.ts'),
};
