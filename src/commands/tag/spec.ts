import type { CommandSpec } from '../types.ts';

export const tagSpec: CommandSpec = {
  name: 'tag',
  summary: 'Add tags to an image',
  description: 'Sends no data: one request for each tag. An existing tag moves, as with docker.',
  args: [
    { name: 'image', summary: 'image to tag', required: true },
    { name: 'tag', summary: 'new tag, or a name in the same repository', required: true },
    { name: 'tags', summary: 'more tags', required: false, variadic: true },
  ],
  options: [],
  examples: [
    {
      command: 'regctl tag registry.example.com/app:1.4.2 1.4 1 latest',
      description: 'Add three tags to an image',
    },
    {
      command: 'regctl tag docker-daemon:app:dev registry.example.com/app:1.5.0',
      description: 'Add a name to a local image before a push',
    },
  ],
  load: () => import('./run.ts'),
};
