import type { CommandSpec } from '../types.ts';
import { annotationOption, writeOptions } from './options.ts';

export const indexCreateSpec: CommandSpec = {
  name: 'index create',
  summary: 'Create an index of images',
  description:
    'Lists images, and the children of indexes, with their attestations. Copies or mounts what the repository of TAG lacks. Two images of one platform are an error.',
  args: [
    { name: 'tag', summary: 'name of the index', required: true },
    { name: 'sources', summary: 'images and indexes', required: false, variadic: true },
  ],
  options: [
    {
      flags: '--tag <tag>',
      summary: 'also write this tag, or name in another repository (repeatable)',
      kind: 'list',
      group: 'At the destination',
    },
    {
      flags: '--from-file <file>',
      summary: 'also list the descriptors in FILE (repeatable)',
      kind: 'list',
      group: 'Index',
    },
    {
      flags: '--as-index',
      summary: 'make an index of one image, or of none, too',
      kind: 'flag',
      group: 'Index',
    },
    annotationOption,
    {
      flags: '--subject <image>',
      summary: 'attach the index to this image',
      kind: 'string',
      group: 'Index',
    },
    {
      flags: '--artifact-type <type>',
      summary: 'give the index this artifact type',
      kind: 'string',
      group: 'Index',
    },
    ...writeOptions,
  ],
  otherNames: { '--ref': 'SOURCES', '-t': '--tag', '-f': '--from-file', '--file': '--from-file' },
  alsoUses: ['parallel', 'platform', 'policy'],
  hasSourceAndDestination: true,
  examples: [
    {
      command:
        'regctl index create r.example.com/app:1 r.example.com/app:1-amd64 r.example.com/app:1-arm64',
      description: 'Join two images of one repository',
    },
    {
      command:
        'regctl index create --tag latest r.example.com/app:1 ghcr.io/o/app:1-amd64 oci:out:arm64',
      description: 'Join images of several places under two tags',
    },
    {
      command: 'regctl index create --platform linux/amd64,linux/arm64 r.example.com/app:1 alpine',
      description: 'Keep two platforms of an index',
    },
  ],
  load: () => import('./create-run.ts'),
};
