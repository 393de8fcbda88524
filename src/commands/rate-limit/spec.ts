import type { CommandSpec } from '../types.ts';

export const rateLimitSpec: CommandSpec = {
  name: 'rate-limit',
  summary: "Show what is left of Docker Hub's pull allowance",
  description: 'Asks with a HEAD request, which does not count as a pull.',
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
      summary: 'exit with status 3 when fewer pulls are left',
      kind: 'integer',
    },
  ],
  printsResult: true,
  examples: [
    { command: 'regctl rate-limit', description: 'limit, what is left, and who is being counted' },
    { command: 'regctl rate-limit --fail-below 20', description: 'a gate for CI' },
  ],
  load: () => import('./run.ts'),
};
