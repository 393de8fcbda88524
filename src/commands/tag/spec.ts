import type { CommandSpec } from '../types.ts';

export const tagSpec: CommandSpec = {
  name: 'tag',
  summary: 'Give an image more tags where it is',
  description:
    'Moves no data: a registry gets one request for each tag. A tag that exists is moved, as with docker.',
  args: [
    { name: 'image', summary: 'image to tag', required: true },
    { name: 'tag', summary: 'new tag, or a name in the same repository', required: true },
    { name: 'tags', summary: 'more tags', required: false, variadic: true },
  ],
  options: [],
  examples: [
    {
      command: 'regctl tag registry.example.com/app:1.4.2 1.4 1 latest',
      description: 'three more tags for one image',
    },
    {
      command: 'regctl tag docker-daemon:app:dev registry.example.com/app:1.5.0',
      description: 'another name for a local image, before a push',
    },
  ],
  load: () => import('./run.ts'),
};
