import type { CommandSpec } from '../types.ts';

export const verifySpec: CommandSpec = {
  name: 'verify',
  summary: 'Verify who signed an image',
  description:
    'Checks the signatures of an image, or with --type its attestations, in the formats of cosign. With --platform, a signature of the index that contains the image counts too. Exits with 3 if none counts, with 1 if it could not look.',
  args: [{ name: 'image', summary: 'image to verify', required: true }],
  options: [
    {
      flags: '--key <file>',
      summary: 'public key that may have signed: a file or env://VAR (repeatable)',
      kind: 'list',
    },
    {
      flags: '--certificate-identity <name>',
      summary: 'who signed by a certificate: an address or a workflow',
      kind: 'string',
      group: 'By certificate',
    },
    {
      flags: '--certificate-identity-regexp <pattern>',
      summary: 'the same as an RE2 pattern, anchored as written',
      kind: 'string',
      group: 'By certificate',
    },
    {
      flags: '--certificate-oidc-issuer <url>',
      summary: "who vouched for the identity ('' for none)",
      kind: 'string',
      group: 'By certificate',
    },
    {
      flags: '--certificate-oidc-issuer-regexp <pattern>',
      summary: 'the same as an RE2 pattern',
      kind: 'string',
      group: 'By certificate',
    },
    {
      flags: '--trusted-root <file>',
      summary: 'authorities and logs to trust: JSON, or JSON lines',
      kind: 'string',
      group: 'By certificate',
    },
    {
      flags: '--type <type>',
      summary: 'verify attestations of this type: spdxjson, cyclonedx, vuln, a URI …',
      kind: 'string',
    },
    {
      flags: '-a, --annotation <key=value>',
      summary: 'annotation that the signer must have set (repeatable)',
      kind: 'list',
    },
    {
      flags: '--require-repository <name>',
      summary: 'repository that the signature must name (.sig form)',
      kind: 'string',
    },
  ],
  printsResult: true,
  alsoUses: ['parallel', 'platform', 'policy'],
  otherNames: { '--annotations': '--annotation', '--predicate-type': '--type' },
  examples: [
    {
      command: 'regctl verify --key cosign.pub ghcr.io/o/app:1',
      description: 'Show which signatures of an image hold',
    },
    {
      command: 'regctl verify --key cosign.pub --platform linux/arm64 ghcr.io/o/app:1',
      description: 'Verify one platform, by its own signature or that of its index',
    },
    {
      command: 'regctl verify --policy trust.yaml ghcr.io/o/app:1',
      description: 'Verify an image by the rules of a file',
    },
    {
      command: 'regctl verify --key cosign.pub --type spdxjson oci:app:v1',
      description: 'Verify the SBOM of an image in a directory, without a network',
    },
  ],
  load: () => import('./run.ts'),
};
