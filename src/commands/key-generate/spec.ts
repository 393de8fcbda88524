import type { CommandSpec } from '../types.ts';

export const keyGenerateSpec: CommandSpec = {
  name: 'key generate',
  summary: 'Create a pair of keys to sign with',
  description:
    'Writes cosign.key, encrypted with a password as cosign does, and cosign.pub. The password is asked for, or taken from COSIGN_PASSWORD.',
  args: [],
  options: [
    {
      flags: '--type <type>',
      summary: 'kind of key: p256 or ed25519 (default: p256)',
      kind: 'string',
      choices: ['p256', 'ed25519'],
    },
    {
      flags: '--output-key-prefix <name>',
      summary: 'write NAME.key and NAME.pub (default: cosign)',
      kind: 'string',
    },
  ],
  uses: [],
  examples: [
    { command: 'regctl key generate', description: 'Write cosign.key and cosign.pub' },
    {
      command: 'regctl key generate --type ed25519 --output-key-prefix release',
      description: 'Write release.key and release.pub',
    },
  ],
  load: () => import('./run.ts'),
};
