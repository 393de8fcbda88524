import type { CommandSpec } from '../types.ts';

export const inspectSpec: CommandSpec = {
  name: 'inspect',
  summary: 'Show what an image is made of',
  description:
    "Prints skopeo's JSON by default; -o text prints a page to look at. Of an image with several platforms, the one of --platform is shown (default: this machine's).",
  args: [{ name: 'image', summary: 'image to look at', required: true }],
  options: [
    { flags: '--raw', summary: 'print the manifest as it is stored, byte for byte', kind: 'flag' },
    {
      flags: '--config',
      summary: 'print the image configuration (with --raw: byte for byte)',
      kind: 'flag',
    },
    {
      flags: '-n, --no-tags',
      summary: 'leave RepoTags empty, which saves a request',
      kind: 'flag',
    },
  ],
  printsResult: true,
  examples: [
    { command: 'regctl inspect alpine', description: "skopeo's JSON, and what it leaves out" },
    {
      command: 'regctl inspect -o text --platform linux/arm64 nginx',
      description: 'a page about the arm64 image',
    },
    { command: 'regctl inspect --raw alpine', description: 'the index as the registry stores it' },
  ],
  load: () => import('./run.ts'),
};
