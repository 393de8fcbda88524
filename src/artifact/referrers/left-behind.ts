import { AppError } from '../../errors/app-error.ts';
import type { Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { referrersTag } from '../../registry/lists/referrers.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { describeListed, needsReading } from './describe.ts';
import { summaryOf } from './summary.ts';
import type { DescribedReferrer } from './types.ts';

/** Referrers that are counted; more do not change what the sentence says. */
const MAX_COUNTED = 100;

/** The copy is done: nobody waits for the sentence after it. */
const MAX_MS = 5000;

/** What a list without annotations may hold: cosign's fallback lists name neither. */
const UNCLEAR = 'signatures or attestations';

/**
 * What refers to an image that was copied without it: "signature, SBOM (SPDX)"; empty for nothing.
 * Costs the list of referrers and one HEAD for cosign's tag. A store that refuses to answer has
 * nothing to say: the copy is done.
 */
export async function leftBehind(
  store: ReadStore,
  subject: Digest | ((options: CallOptions) => Promise<Digest>),
  options: CallOptions = {},
): Promise<string> {
  const limit = AbortSignal.timeout(MAX_MS);
  const signal = AbortSignal.any([limit, ...(options.signal ? [options.signal] : [])]);
  try {
    const digest = typeof subject === 'function' ? await subject({ signal }) : subject;
    const [listed, isTagged] = await Promise.all([
      listedFor(store, digest, { signal }),
      hasSignatureTag(store, digest, { signal }),
    ]);
    return wordsFor(listed, isTagged);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof AppError || limit.aborted) return '';
    throw error;
  }
}

function wordsFor(listed: readonly DescribedReferrer[], isTagged: boolean): string {
  const clear = listed.filter((one) => !needsReading(one));
  const [one] = listed;
  const tagged = isTagged && one !== undefined ? [{ ...one, kinds: ['signature'] as const }] : [];
  const words = [
    summaryOf([...clear, ...tagged]),
    listed.length > clear.length ? UNCLEAR : '',
    isTagged && one === undefined ? 'signature' : '',
  ];
  return words.filter((word) => word !== '').join(', ');
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
