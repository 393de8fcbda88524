import type { TrustedImage } from '../../signing/policy/judged-image.ts';
import { holdsReferrers, locationOf, type CopyLocations } from '../../client/copy-locations.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import type { TagOutcome } from '../../copy/copy-tags.ts';
import type { CopyContext, CopyFlags } from './flags.ts';

/** A name that means what was verified, whatever its tag means by now. */
export function pinnedTo(location: Location, trusted: TrustedImage | undefined): Location {
  return trusted === undefined ? location : { ...location, ref: trusted.digest };
}

/** An image that had to be signed is copied with its signatures, if the destination can hold them. */
export function withSignatures(
  flags: CopyFlags,
  to: Location,
  trusted: TrustedImage | undefined,
): CopyFlags {
  const isKept = flags.conversion === undefined && holdsReferrers(to);
  return trusted === undefined || !isKept ? flags : { ...flags, referrers: true };
}

/** The platforms that are copied; none: all. */
export function wantedPlatforms({ platforms, indexPlatform }: CopyFlags): readonly Platform[] {
  return platforms.length > 0 || indexPlatform === undefined ? platforms : [indexPlatform];
}

/** Said of a copy whose digest is not one that was signed. */
export const UNSIGNED =
  'the source was verified; the copy has another digest and carries no signature of its own';

/** A remark if the digest of the copy is not one that was signed: platforms chosen, or converted. */
export function noteUnsigned(
  context: { note(text: string): void },
  trusted: TrustedImage | undefined,
  digest: string,
): void {
  if (trusted === undefined || [...trusted.signed].some((one) => one === digest)) return;
  context.note(UNSIGNED);
}

/** Checks all tags before the first one is copied; what had to be signed is pinned to its digest. */
export async function trustedTags(
  context: CopyContext,
  { locations, flags }: { readonly locations: CopyLocations; readonly flags: CopyFlags },
  tags: readonly string[],
  options: CallOptions,
): Promise<ReadonlyMap<string, TrustedImage>> {
  const found = new Map<string, TrustedImage>();
  const platforms = wantedPlatforms(flags);
  const check = async (tag: string, call: CallOptions): Promise<void> => {
    const image = locationOf(locations.from, { ref: tag, tag });
    const trusted = await context.requireTrusted(image, { ...call, platforms });
    if (trusted !== undefined) found.set(tag, trusted);
  };
  await mapParallel(tags, context.flags.concurrency, check, options);
  return found;
}

/** The same remark, once for all tags. */
export function noteUnsignedCopies(
  context: Pick<CopyContext, 'note'>,
  trusted: ReadonlyMap<string, TrustedImage>,
  images: readonly TagOutcome[],
): void {
  const unsigned = images.find((one) => {
    if (one.error !== undefined) return false;
    return trusted.get(one.tag)?.signed.has(one.descriptor.digest) === false;
  });
  if (unsigned?.error === undefined && unsigned !== undefined)
    noteUnsigned(context, trusted.get(unsigned.tag), unsigned.descriptor.digest);
}
