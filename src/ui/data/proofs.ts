import { isEnvelopeType } from '../../artifact/kinds.ts';
import { describeListed } from '../../artifact/referrers/describe.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ManifestFacts } from './facts.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Verdict } from '../../signing/types.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { UiSources } from '../types.ts';

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

/** What became of the signatures of an image. */
export type Verified =
  /** Nothing says whose signatures count. */
  | { readonly kind: 'unchecked' }
  | { readonly kind: 'accepted'; readonly verdicts: readonly Verdict[] }
  /** The policy requires no signature. */
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'rejected'; readonly error: AppError };

/** Verifies an image if the command line named keys or a policy. */
export async function verified(
  { verify }: Pick<UiSources, 'verify'>,
  image: Location,
  options: CallOptions,
): Promise<Verified> {
  if (verify === undefined) return { kind: 'unchecked' };
  try {
    const verdicts = await verify(image, options);
    return verdicts === undefined ? { kind: 'unsigned' } : { kind: 'accepted', verdicts };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    return { kind: 'rejected', error };
  }
}
