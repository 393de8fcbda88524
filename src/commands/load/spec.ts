import type { CommandSpec } from '../types.ts';

export const loadSpec: CommandSpec = {
  name: 'load',
  summary: 'Load the images of an archive into the Docker daemon or a registry',
  description:
    'Without IMAGE all images go to the Docker daemon, under their names. With one, the image of that name, or the only one, goes to its registry.',
  args: [{ name: 'images', summary: 'names in a registry', required: false, variadic: true }],
  options: [
    {
      flags: '-i, --input <file>',
      summary: 'the archive; "-" or nothing is standard input',
      kind: 'string',
    },
  ],
  longRunning: true,
  examples: [
    { command: 'regctl load -i images.tar', description: 'into the Docker daemon' },
    {
      command: 'regctl load -i app.tar registry.example.com/app:1.4',
      description: 'straight to a registry, without a daemon',
    },
  ],
  load: () => import('./run.ts'),
};
