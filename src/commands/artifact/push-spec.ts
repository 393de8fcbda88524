import type { CommandSpec } from '../types.ts';
import { PUBLISH_OPTIONS } from './publish-options.ts';

export const artifactPushSpec: CommandSpec = {
  name: 'artifact push',
  summary: 'Push files as an artifact',
  description:
    'Writes files and directories as ORAS does: a layer for each, with its name. A directory becomes a tar.gz that "artifact pull" and ORAS unpack. Without a tag, NAME gets the artifact by its digest; NAME:TAG,TAG writes several tags.',
  args: [
    { name: 'name', summary: 'where to write it', required: true },
    {
      name: 'file[:type]',
      summary: 'file or directory, with its media type; - for standard input',
      required: false,
      variadic: true,
    },
  ],
  options: [
    { flags: '--artifact-type <type>', summary: 'what the artifact is', kind: 'string' },
    {
      flags: '--config <file[:type]>',
      summary: 'file to use as the configuration',
      kind: 'string',
    },
    {
      flags: '--artifact-platform <os/arch>',
      summary: 'platform that the configuration names',
      kind: 'string',
    },
    {
      flags: '--image-spec <version>',
      summary: 'v1.0 for registries that refuse an artifact type',
      kind: 'string',
      choices: ['v1.0', 'v1.1'],
    },
    {
      flags: '--subject <image>',
      summary: 'image that it refers to',
      kind: 'string',
      hidden: true,
    },
    ...PUBLISH_OPTIONS,
  ],
  alsoUses: ['parallel'],
  examples: [
    {
      command: 'regctl artifact push registry.example.com/site:1 page.html:text/html assets',
      description: 'Push a file and a directory',
    },
    {
      command:
        'regctl artifact push --artifact-type application/vnd.example.rules host/rules:2 rules.json',
      description: 'Say what the artifact is',
    },
  ],
  load: () => import('./push.ts'),
};
