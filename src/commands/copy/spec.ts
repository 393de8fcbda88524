import type { CommandSpec } from '../types.ts';
import { COPY_OPTIONS, grouped } from '../input/copy-options.ts';
import { tagFilterOptions } from '../input/tag-filter.ts';

export const copySpec: CommandSpec = {
  name: 'copy',
  aliases: ['cp'],
  summary: 'Copy an image or a repository',
  description:
    'Copies all platforms and keeps the digest, unless an option says otherwise. Sends only what DESTINATION lacks, and writes the tag last.',
  args: [
    { name: 'source', summary: 'image to copy', required: true },
    { name: 'destination', summary: 'where to write the copy', required: true },
  ],
  options: [
    {
      flags: '-a, --all',
      summary: 'copy all platforms (default)',
      kind: 'flag',
      group: 'What to copy',
    },
    {
      flags: '--multi-arch <which>',
      summary: 'all, system, index-only or platforms (default: all)',
      kind: 'string',
      group: 'What to copy',
    },
    {
      flags: '--all-tags',
      summary: 'copy every tag of a repository',
      kind: 'flag',
      group: 'What to copy',
    },
    ...grouped('With --all-tags', ...tagFilterOptions, COPY_OPTIONS.newest),
    {
      flags: '--allow-empty',
      summary: 'succeed if no tag matches',
      kind: 'flag',
      group: 'With --all-tags',
    },
    ...grouped(
      'What to copy',
      COPY_OPTIONS.referrers,
      COPY_OPTIONS.digestTags,
      COPY_OPTIONS.allowNondistributable,
    ),
    {
      flags: '--no-clobber',
      summary: 'fail if the tag has a different digest',
      kind: 'flag',
      group: 'At the destination',
    },
    ...grouped('With --all-tags', COPY_OPTIONS.missing),
    {
      flags: '--additional-tag <tag>',
      summary: 'also write this tag (repeatable)',
      kind: 'list',
      group: 'At the destination',
    },
    {
      flags: '--digestfile <file>',
      summary: 'write the digest of the copy to FILE',
      kind: 'string',
      group: 'Result',
    },
    ...grouped('At the destination', COPY_OPTIONS.format),
    {
      flags: '--dest-compress-format <algorithm>',
      summary: 'convert layers to gzip or zstd',
      kind: 'string',
      group: 'At the destination',
      choices: ['gzip', 'zstd'],
    },
    {
      flags: '--dest-compress-level <n>',
      summary: 'recompress all layers: gzip 1-9, zstd 1-22',
      kind: 'integer',
      group: 'At the destination',
    },
    {
      flags: '--dest-decompress',
      summary: 'store layers uncompressed',
      kind: 'flag',
      group: 'At the destination',
    },
    {
      flags: '--dest-force-compress-format',
      summary: 'as skopeo; layers are never left in another format',
      kind: 'flag',
      hidden: true,
    },
    {
      flags: '--recheck',
      summary: 'check every part, also of manifests that are there',
      kind: 'flag',
      group: 'At the destination',
    },
    {
      flags: '--with-layout',
      summary: 'a docker-archive: that is an OCI layout as well',
      kind: 'flag',
      hidden: true,
    },
    ...grouped('At the destination', COPY_OPTIONS.preserveDigests),
    {
      flags: '--dry-run',
      summary: 'show what would be sent; write nothing',
      kind: 'flag',
      group: 'Result',
    },
  ],
  hasSourceAndDestination: true,
  alsoUses: ['parallel', 'platform', 'policy'],
  manyRequests: ['referrers', 'allTags'],
  examples: [
    {
      command: 'regctl copy alpine:3.20 registry.example.com/base/alpine:3.20',
      description: 'Copy all platforms from Docker Hub to your registry',
    },
    {
      command: 'regctl copy --platform linux/arm64 nginx oci:./nginx:latest',
      description: 'Copy one platform to a directory',
    },
    {
      command: 'regctl copy --all-tags --semver "^3" alpine registry.example.com/base/alpine',
      description: 'Copy every release of Alpine 3',
    },
    {
      command: 'regctl copy --dry-run --referrers ghcr.io/o/app:1 registry.example.com/app:1',
      description: 'Show what a copy with its signatures would send',
    },
    {
      command: 'regctl copy --verify-key cosign.pub ghcr.io/o/app:1 registry.example.com/app:1',
      description: 'Copy an image only if a key signed it',
    },
    {
      command: 'regctl copy --dest-compress-format zstd nginx registry.example.com/nginx',
      description: 'Recompress the layers with zstd',
    },
    {
      command: 'regctl copy registry.example.com/app@sha256:… registry.example.com/app:stable',
      description: 'Add a tag to an image',
    },
  ],
  load: () => import('./run.ts'),
};
