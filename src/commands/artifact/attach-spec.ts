import type { CommandSpec } from '../types.ts';
import { PUBLISH_OPTIONS } from './publish-options.ts';

export const artifactAttachSpec: CommandSpec = {
  name: 'artifact attach',
  aliases: ['attach'],
  summary: 'Attach files to an image',
  description:
    'Writes files as an artifact that refers to IMAGE, as ORAS does; "regctl referrers" finds it. With --platform it refers to the image of that platform, else to what the name points to.',
  args: [
    { name: 'image', summary: 'image to attach to', required: true },
    {
      name: 'file[:type]',
      summary: 'file or directory, with its media type; - for standard input',
      required: false,
      variadic: true,
    },
  ],
  options: [
    { flags: '--type <type>', summary: 'what the artifact is (required)', kind: 'string' },
    { flags: '--artifact-type <type>', summary: 'as --type', kind: 'string', hidden: true },
    {
      flags: '--config <file[:type]>',
      summary: 'file to use as the configuration',
      kind: 'string',
    },
    ...PUBLISH_OPTIONS,
  ],
  alsoUses: ['platform', 'parallel'],
  examples: [
    {
      command:
        'regctl artifact attach --type application/spdx+json registry.example.com/app:1 sbom.json',
      description: 'Attach an SBOM to an image',
    },
    {
      command:
        'regctl artifact attach --type application/vnd.example.note --annotation reviewed=yes host/app:1',
      description: 'Attach only an annotation',
    },
  ],
  load: () => import('./attach.ts'),
};
