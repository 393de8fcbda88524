import type { CommandSpec } from '../types.ts';

export const copySpec: CommandSpec = {
  name: 'copy',
  aliases: ['cp'],
  summary: 'Copy an image, with all its platforms and digests kept',
  args: [
    { name: 'source', summary: 'image to copy', required: true },
    { name: 'destination', summary: 'where it goes', required: true },
  ],
  options: [
    { flags: '-a, --all', summary: 'all platforms; the default', kind: 'flag' },
    {
      flags: '--multi-arch <which>',
      summary: "all platforms, or only the system's",
      kind: 'string',
      choices: ['all', 'system'],
    },
    {
      flags: '--no-clobber',
      summary: 'refuse when the destination tag exists with another digest',
      kind: 'flag',
    },
    {
      flags: '--additional-tag <tag>',
      summary: 'also write this tag (may be repeated)',
      kind: 'list',
    },
    { flags: '--digestfile <file>', summary: 'write the digest of the copy here', kind: 'string' },
    {
      flags: '--preserve-digests',
      summary: 'digests are always kept; accepted for scripts',
      kind: 'flag',
    },
  ],
  twoSided: true,
  examples: [
    {
      command: 'regctl copy alpine:3.20 registry.example.com/base/alpine:3.20',
      says: 'all platforms, from Docker Hub to your registry',
    },
    {
      command: 'regctl copy --platform linux/arm64 nginx oci:./nginx:latest',
      says: 'one platform, to a folder',
    },
    {
      command: 'regctl copy r.example.com/app@sha256:… r.example.com/app:stable',
      says: 'a new tag for an image that is there',
    },
  ],
  load: () => import('../copy.ts'),
};
