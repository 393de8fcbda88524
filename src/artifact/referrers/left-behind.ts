import { AppError } from '../../errors/app-error.ts';
import type { Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { referrersTag } from '../../registry/lists/referrers.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { describeListed } from './describe.ts';
import { summaryOf } from './summary.ts';
import type { DescribedReferrer } from './types.ts';

/** Referrers that are counted; more do not change what the sentence says. */
const MAX_COUNTED = 100;

/**
 * What refers to an image that was copied without it: "signature, SBOM (SPDX)"; empty for nothing.
 * Costs the list of referrers and one HEAD for cosign's tag. A store that refuses to answer has
 * nothing to say: the copy is done.
 */
export async function leftBehind(
  store: ReadStore,
  digest: Digest,
  options: CallOptions = {},
): Promise<string> {
  try {
    const [listed, isTagged] = await Promise.all([
      listedFor(store, digest, options),
      hasSignatureTag(store, digest, options),
    ]);
    const [one] = listed;
    if (one === undefined) return isTagged ? 'signature' : '';
    const tagged = { ...one, kinds: ['signature'] as const };
    return summaryOf(isTagged ? [...listed, tagged] : listed);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof AppError) return '';
    throw error;
  }
}

async function listedFor(
  { capabilities: { referrers } }: ReadStore,
  digest: Digest,
  options: CallOptions,
): Promise<readonly DescribedReferrer[]> {
  const found: DescribedReferrer[] = [];
  for await (const descriptor of referrers?.referrers(digest, options) ?? []) {
    if (!isManifestType(descriptor.mediaType)) continue;
    found.push(describeListed({ descriptor, subject: digest, source: 'referrers' }));
    if (found.length === MAX_COUNTED) break;
  }
  return found;
}

async function hasSignatureTag(
  store: ReadStore,
  digest: Digest,
  options: CallOptions,
): Promise<boolean> {
  if (store.capabilities.tags === undefined) return false;
  try {
    const tag = `${referrersTag(digest)}.sig`;
    return (await store.resolve(tag, { ...options, trustAbsence: true })).digest !== digest;
  } catch (error) {
    if (error instanceof AppError && error.code === 'MANIFEST_UNKNOWN') return false;
    throw error;
  }
}
