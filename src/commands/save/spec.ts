import type { CommandSpec } from '../types.ts';

export const saveSpec: CommandSpec = {
  name: 'save',
  summary: 'Save images in one archive for docker load',
  description:
    "Each image keeps its name. An index is saved as this machine's platform unless --platform names another.",
  args: [
    { name: 'image', summary: 'image to save', required: true },
    { name: 'images', summary: 'more images', required: false, variadic: true },
  ],
  options: [
    {
      flags: '-o, --output <file>',
      summary: 'write the archive to FILE (default: stdout)',
      kind: 'string',
    },
  ],
  alsoUses: ['parallel', 'platform', 'policy'],
  examples: [
    {
      command: 'regctl save alpine:3.20 ghcr.io/o/app:1.4 -o images.tar',
      description: 'Save two images in one archive',
    },
    {
      command: 'regctl save --platform linux/arm64 alpine | ssh pi docker load',
      description: 'Send an image to a machine without a registry',
    },
  ],
  load: () => import('./run.ts'),
};
