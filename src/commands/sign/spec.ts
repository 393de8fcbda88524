import { SIGNING_OPTIONS } from '../input/signing.ts';
import type { CommandSpec } from '../types.ts';

export const signSpec: CommandSpec = {
  name: 'sign',
  summary: 'Sign an image with a key',
  description:
    'Signs the digest of an image, so that cosign verify --key accepts it. Signs only the index of a multi-platform image, unless --recursive is set.',
  args: [{ name: 'image', summary: 'image to sign', required: true }],
  options: [
    SIGNING_OPTIONS.key,
    {
      flags: '-a, --annotation <key=value>',
      summary: 'annotation to sign as well (repeatable)',
      kind: 'list',
    },
    {
      flags: '-r, --recursive',
      summary: 'also sign every manifest that an index lists',
      kind: 'flag',
    },
    {
      flags: '--form <form>',
      summary: 'bundle (cosign 3), simple (.sig tag: Podman, skopeo) or both',
      kind: 'string',
      choices: ['bundle', 'simple', 'both'],
    },
    SIGNING_OPTIONS.identity,
  ],
  alsoUses: ['parallel'],
  otherNames: { '--annotations': '--annotation', '--sign-by-sigstore-private-key': '--key' },
  examples: [
    {
      command: 'regctl sign --key cosign.key registry.example.com/app:1',
      description: 'Sign an image as cosign 3 does',
    },
    {
      command: 'regctl sign --key cosign.key --form both --recursive registry.example.com/app:1',
      description: 'Sign all platforms, also for Podman and skopeo',
    },
  ],
  load: () => import('./run.ts'),
};
