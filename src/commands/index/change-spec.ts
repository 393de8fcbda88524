import type { CommandSpec, OptionSpec } from '../types.ts';
import { annotationOption, unsetAnnotationOption, writeOptions } from './options.ts';

const tagOption: OptionSpec = {
  flags: '--tag <tag>',
  summary: 'write this tag instead of the own one (repeatable)',
  kind: 'list',
  group: 'At the destination',
};

const common = {
  alsoUses: ['parallel', 'platform', 'policy'],
  hasSourceAndDestination: true,
} as const satisfies Partial<CommandSpec>;

export const indexAddSpec: CommandSpec = {
  ...common,
  name: 'index add',
  summary: 'Add images to an index',
  description:
    'Moves the tag of INDEX, and prints the line that undoes it. Images bring their attestations; children of indexes are added one by one.',
  args: [
    { name: 'index', summary: 'index to change', required: true },
    { name: 'sources', summary: 'images and indexes', required: false, variadic: true },
  ],
  options: [
    {
      flags: '--from-file <file>',
      summary: 'also add the descriptors in FILE (repeatable)',
      kind: 'list',
      group: 'Index',
    },
    annotationOption,
    tagOption,
    ...writeOptions,
  ],
  otherNames: { '--ref': 'SOURCES', '-t': '--tag', '-f': '--from-file', '--file': '--from-file' },
  examples: [
    {
      command: 'regctl index add r.example.com/app:1 r.example.com/app:1-arm64',
      description: 'Add a platform',
    },
    {
      command: 'regctl index add --tag 2 r.example.com/app:1 ghcr.io/o/app:1',
      description: 'Write the result under another tag',
    },
  ],
  load: () => import('./add-run.ts'),
};

export const indexRemoveSpec: CommandSpec = {
  ...common,
  name: 'index remove',
  summary: 'Delete platforms from an index',
  description:
    'Moves the tag of INDEX, and prints the line that undoes it. The images stay in the repository.',
  args: [
    { name: 'index', summary: 'index to change', required: true },
    {
      name: 'what',
      summary: 'platforms, digests, or unknown/unknown for attestations',
      required: false,
      variadic: true,
      isImage: false,
    },
  ],
  options: [tagOption, ...writeOptions],
  otherNames: { '--digest': 'a digest as an argument', '-t': '--tag' },
  examples: [
    {
      command: 'regctl index remove r.example.com/app:1 linux/arm/v7',
      description: 'Remove a platform and its attestations',
    },
    {
      command: 'regctl index remove r.example.com/app:1 unknown/unknown',
      description: 'Remove all attestations',
    },
  ],
  load: () => import('./remove-run.ts'),
};

export const indexAnnotateSpec: CommandSpec = {
  ...common,
  name: 'index annotate',
  summary: 'Add annotations to an index',
  description:
    'Moves the tag of INDEX, and prints the line that undoes it. Only manifest: changes the images that it lists.',
  args: [{ name: 'index', summary: 'index to change', required: true }],
  options: [annotationOption, unsetAnnotationOption, tagOption, ...writeOptions],
  examples: [
    {
      command:
        'regctl index annotate --annotation org.opencontainers.image.version=1 r.example.com/app:1',
      description: 'Annotate the index',
    },
    {
      command:
        "regctl index annotate --annotation 'manifest[linux/arm64]:tested=yes' r.example.com/app:1",
      description: 'Annotate the image of one platform',
    },
  ],
  load: () => import('./annotate-run.ts'),
};
