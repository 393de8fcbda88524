import type { ManifestFacts } from './facts.ts';

/** Words for the artifact types of signatures, SBOMs and attestations; the first match counts. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/spdx|cyclonedx|sbom|syft/iu, 'SBOM'],
  [/notary|cosign|signature|simplesigning|sigstore/iu, 'signature'],
  [/in-toto|provenance|attestation|dsse/iu, 'attestation'],
  [/sarif|trivy|vuln|scan/iu, 'scan'],
];

/** Suffixes of cosign's tags. */
const TAG_KINDS: Readonly<Record<string, string>> = {
  sig: 'signature',
  att: 'attestation',
  sbom: 'SBOM',
};

/** What an artifact type is in one word. */
export function proofWord(artifactType: string): string {
  return KINDS.find(([pattern]) => pattern.test(artifactType))?.[1] ?? 'other';
}

/** What is known to be attached to an image, one word a kind. None of it is verified. */
export function proofWords(
  facts: ManifestFacts | undefined,
  attached: readonly string[],
): readonly string[] {
  const words = [
    ...attached.map((suffix) => TAG_KINDS[suffix] ?? 'other'),
    ...((facts?.attestations ?? 0) > 0 ? ['attestation'] : []),
    ...(facts?.referrers ?? []).map(proofWord),
  ];
  return [...new Set(words)];
}
