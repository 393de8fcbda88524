import { SIGNING_OPTIONS } from '../input/signing.ts';
import type { CommandSpec } from '../types.ts';

export const attestSpec: CommandSpec = {
  name: 'attest',
  summary: 'Attach a signed SBOM or other attestation to an image',
  description:
    'Signs a predicate about the digest of an image, so that cosign verify-attestation --key accepts it.',
  args: [{ name: 'image', summary: 'image that the predicate is about', required: true }],
  options: [
    SIGNING_OPTIONS.key,
    {
      flags: '--type <type>',
      summary: 'spdxjson, cyclonedx, vuln, openvex, a URI, or another of cosign',
      kind: 'string',
    },
    {
      flags: '--predicate <file>',
      summary: 'file with the JSON, or the text of spdx and custom (- for stdin)',
      kind: 'string',
    },
    {
      flags: '--form <form>',
      summary: 'bundle (cosign 3), simple (.att tag of cosign 2) or both',
      kind: 'string',
      choices: ['bundle', 'simple', 'both'],
    },
  ],
  otherNames: { '--predicate-type': '--type' },
  examples: [
    {
      command:
        'regctl attest --key cosign.key --type spdxjson --predicate sbom.json registry.example.com/app:1',
      description: 'Attach the SBOM of an image',
    },
    {
      command:
        'regctl attest --key cosign.key --type cyclonedx --predicate - registry.example.com/app:1',
      description: 'Attach what a scanner prints to standard output',
    },
  ],
  load: () => import('./run.ts'),
};
