import type { CommandSpec } from '../types.ts';
import { tagFilterOptions } from '../input/tag-filter.ts';

export const copySpec: CommandSpec = {
  name: 'copy',
  aliases: ['cp'],
  summary: 'Copy an image or a repository, with all platforms and digests kept',
  args: [
    { name: 'source', summary: 'image to copy', required: true },
    { name: 'destination', summary: 'where it goes', required: true },
  ],
  options: [
    { flags: '-a, --all', summary: 'all platforms; the default', kind: 'flag' },
    {
      flags: '--multi-arch <which>',
      summary: 'all, system (only this platform), index-only (without its images), or platforms',
      kind: 'string',
    },
    {
      flags: '--all-tags',
      summary: 'copy a repository: every tag, or those that the next options choose',
      kind: 'flag',
    },
    ...tagFilterOptions,
    {
      flags: '--newest <n>',
      summary: 'keep the newest tags, by age (with --semver: the highest versions)',
      kind: 'integer',
    },
    {
      flags: '--allow-empty',
      summary: 'succeed if no tag matches',
      kind: 'flag',
    },
    {
      flags: '--referrers',
      summary: 'take signatures, SBOMs and attestations along',
      kind: 'flag',
    },
    {
      flags: '--allow-nondistributable',
      summary: 'also copy foreign layers (base layers of Windows)',
      kind: 'flag',
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
      flags: '-f, --format <format>',
      summary: 'convert manifests: oci, or v2s2 for Docker',
      kind: 'string',
      choices: ['oci', 'v2s2'],
    },
    {
      flags: '--dest-compress-format <algorithm>',
      summary: 'compress layers anew, unless they are so already',
      kind: 'string',
      choices: ['gzip', 'zstd'],
    },
    {
      flags: '--dest-compress-level <n>',
      summary: 'how hard: gzip 1 to 9, zstd 1 to 22; compresses every layer anew',
      kind: 'integer',
    },
    { flags: '--dest-decompress', summary: 'store layers uncompressed', kind: 'flag' },
    {
      flags: '--dest-force-compress-format',
      summary: 'as skopeo; layers are never left in another format',
      kind: 'flag',
      hidden: true,
    },
    {
      flags: '--preserve-digests',
      summary: 'refuse what would give the copy another digest',
      kind: 'flag',
    },
    {
      flags: '--dry-run',
      summary: 'say what would be sent and what it costs; write nothing',
      kind: 'flag',
    },
  ],
  hasSourceAndDestination: true,
  longRunning: true,
  examples: [
    {
      command: 'regctl copy alpine:3.20 registry.example.com/base/alpine:3.20',
      description: 'all platforms, from Docker Hub to your registry',
    },
    {
      command: 'regctl copy --platform linux/arm64 nginx oci:./nginx:latest',
      description: 'one platform, to a folder',
    },
    {
      command: 'regctl copy --all-tags --semver "^3" alpine registry.example.com/base/alpine',
      description: 'every release of Alpine 3; what is there already is not sent again',
    },
    {
      command: 'regctl copy --dry-run --referrers ghcr.io/o/app:1 registry.example.com/app:1',
      description: 'what a copy with its signatures would send',
    },
    {
      command: 'regctl copy --dest-compress-format zstd nginx registry.example.com/nginx',
      description: 'smaller layers that unpack faster, in a new image',
    },
    {
      command: 'regctl copy r.example.com/app@sha256:… r.example.com/app:stable',
      description: 'a new tag for an image that is there',
    },
  ],
  load: () => import('./run.ts'),
};
