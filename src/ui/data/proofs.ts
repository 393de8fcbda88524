import { isEnvelopeType } from '../../artifact/kinds.ts';
import { describeListed } from '../../artifact/referrers/describe.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ManifestFacts } from './facts.ts';

/** Suffixes of cosign's tags. */
const TAG_KINDS: Readonly<Record<string, string>> = {
  sig: 'signature',
  att: 'attestation',
  sbom: 'SBOM',
};

/** What a listed referrer is, as far as the list says: "signature", "SBOM (SPDX)". */
export function proofKind(subject: Digest, descriptor: Descriptor): string {
  const { kinds, artifactType = '' } = describeListed({ descriptor, subject, source: 'referrers' });
  return kinds[0] ?? (isEnvelopeType(artifactType) ? 'attestation' : 'other');
}

/** What is known to be attached to an image, each kind once. None of it is verified. */
export function proofWords(
  facts: ManifestFacts | undefined,
  attached: readonly string[],
): readonly string[] {
  const words = [
    ...attached.map((suffix) => TAG_KINDS[suffix] ?? 'other'),
    ...((facts?.attestations ?? 0) > 0 ? ['attestation'] : []),
    ...(facts?.referrers ?? []),
  ];
  return [...new Set(words)].toSorted();
}
