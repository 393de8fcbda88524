import type { CommandSpec } from '../types.ts';

export const rateLimitSpec: CommandSpec = {
  name: 'rate-limit',
  summary: 'Show how many pulls Docker Hub still allows',
  description: 'Sends one HEAD request, which is not a pull.',
  args: [
    {
      name: 'image',
      summary: 'image to ask with (default: docker.io/ratelimitpreview/test)',
      required: false,
    },
  ],
  options: [
    {
      flags: '--fail-below <n>',
      summary: 'exit with status 3 if fewer than N pulls are left',
      kind: 'integer',
    },
  ],
  printsResult: true,
  examples: [
    { command: 'regctl rate-limit', description: 'Show the limit and the remaining pulls' },
    {
      command: 'regctl rate-limit --fail-below 20',
      description: 'Stop a CI job if fewer than 20 pulls are left',
    },
  ],
  load: () => import('./run.ts'),
};
