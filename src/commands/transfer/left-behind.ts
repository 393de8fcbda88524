import { leftBehind } from '../../artifact/referrers/left-behind.ts';
import { holdsReferrers, type CopyLocations } from '../../client/copy-locations.ts';
import type { CopySummary } from '../../copy/types.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { CopyContext, CopyFlags } from './flags.ts';

/**
 * Whether to look for signatures that a copy left behind and the destination could hold. Not after a
 * copy that wrote nothing, nor within a repository, nor for a line of another tool. A registry is
 * asked only for a person at a terminal: the look is two or three requests, which scripts need not
 * pay.
 */
export function isReminded(
  { flags: { quiet, asOtherTool }, terminal }: Pick<CopyContext, 'flags' | 'terminal'>,
  { from, to }: CopyLocations,
  { referrers }: Pick<CopyFlags, 'referrers'>,
  { unchanged }: Pick<CopySummary, 'unchanged'>,
): boolean {
  const isSame = from.scheme === to.scheme && from.name === to.name;
  const isFree = from.scheme !== 'docker';
  const isWanted = !quiet && !asOtherTool && (isFree || terminal.interactive);
  return isWanted && !referrers && !unchanged && !isSame && holdsReferrers(to);
}

/** One line about the signatures, SBOMs and attestations that stay at the source. */
export async function noteLeftBehind(
  { note }: Pick<CopyContext, 'note'>,
  source: ReadStore,
  digest: Digest,
  options: CallOptions,
): Promise<void> {
  const what = await leftBehind(source, digest, options);
  if (what !== '') note(`not copied: ${what}; to copy them too: --referrers`);
}
