import type { TrustedImage } from '../../signing/policy/judged-image.ts';
import { holdsReferrers } from '../../client/copy-locations.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Location } from '../../transports/types.ts';
import type { CopyFlags } from './flags.ts';

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

/** A remark if the digest of the copy is not one that was signed: platforms chosen, or converted. */
export function noteUnsigned(
  context: { note(text: string): void },
  trusted: TrustedImage | undefined,
  digest: string,
): void {
  if (trusted === undefined || [...trusted.signed].some((one) => one === digest)) return;
  context.note(
    'the source was verified; the copy has another digest and carries no signature of its own',
  );
}
