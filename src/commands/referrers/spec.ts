import type { CommandSpec } from '../types.ts';

export const referrersSpec: CommandSpec = {
  name: 'referrers',
  aliases: ['discover'],
  summary: 'Show signatures, SBOMs and more that refer to an image',
  description:
    "Prints a tree of what refers to an image, to the images of an index and to the referrers themselves: from the referrers API or its fallback tag, cosign's tags and BuildKit's attestations. Verifies nothing. --get prints the content of one type: signature, sbom, spdx, cyclonedx, provenance, vuln, vex, any, or a type in full.",
  args: [{ name: 'image', summary: 'image to look at', required: true }],
  options: [
    {
      flags: '--type <type>',
      summary: 'only referrers of TYPE: sbom, signature, …, or in full',
      kind: 'string',
    },
    {
      flags: '--get <type>',
      summary: 'print the content of TYPE; a scan report as a table',
      kind: 'string',
    },
    { flags: '--latest', summary: 'with --get: the newest of several', kind: 'flag' },
    { flags: '--depth <n>', summary: 'levels of referrers (default: all)', kind: 'integer' },
    {
      flags: '--json-form <form>',
      summary: 'members of the JSON: as in ORAS, or an index',
      kind: 'string',
      choices: ['regctl', 'oras', 'index'],
      hidden: true,
    },
  ],
  printsResult: true,
  alsoUses: ['platform', 'parallel'],
  otherNames: { '--artifact-type': '--type', '--filter-artifact-type': '--type' },
  examples: [
    { command: 'regctl referrers alpine', description: 'Show what refers to an image' },
    {
      command: 'regctl referrers --get sbom ghcr.io/org/app:1 > sbom.json',
      description: 'Save the SBOM of the image of this platform',
    },
    {
      command: 'regctl referrers --get vuln --latest registry.example.com/app:1',
      description: 'Show the newest scan report as a table',
    },
  ],
  load: () => import('./run.ts'),
};
