import { leftBehind } from '../../artifact/referrers/left-behind.ts';
import { holdsReferrers, type CopyLocations } from '../../client/copy-locations.ts';
import type { CopyEvent, CopySummary } from '../../copy/types.ts';
import type { Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { ReadStore } from '../../store/types.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import type { CopyFlags } from './flags.ts';

export type ReminderContext = Pick<Context, 'flags' | 'note' | 'requestCount' | 'terminal'>;

/** Requests of one look: the list, its fallback tag, cosign's tag. */
const LOOK = 3;

/** From as many requests on, a look adds at most 5 %. */
const MANY = 60;

/** Counts what the transfers of a copy cost at most, and with images, their logins. */
export class UsualRequests {
  #count = 0;

  /** Of a manifest GET and PUT, of a blob GET, POST and PUT, of a mounted one POST. */
  note(event: CopyEvent): void {
    if (event.type !== 'end') return;
    const whole = isManifestType(event.descriptor.mediaType) ? 2 : 3;
    if (event.outcome === 'written') this.#count += whole;
    if (event.outcome === 'mounted') this.#count += 1;
  }

  /** Of each image a HEAD at the destination, and two requests a side for a login. */
  of(images: number): number {
    return this.#count + 5 * images;
  }
}

/**
 * Whether a look for signatures at the source is worth its requests: always at a terminal and for a
 * source on this machine; in a script, if the copy was large, or if the registries did not ask for
 * the logins that a copy may cost (docs/decisions.md).
 */
export function mayLook(
  { terminal }: { readonly terminal: { readonly interactive: boolean } },
  { scheme, name }: Location,
  { sent, usual }: { readonly sent: number; readonly usual: number },
): boolean {
  if (scheme !== 'docker' || terminal.interactive) return true;
  // A fallback tag that exists is a manifest, and reading it a pull.
  if (name.startsWith('docker.io/')) return false;
  return sent >= MANY || sent + LOOK <= usual;
}

/**
 * Whether signatures can have been left behind that the destination could hold. Not within a
 * repository, and a line of another tool is answered as that tool does.
 */
export function isReminded(
  { flags: { quiet, asOtherTool } }: ReminderContext,
  { from, to }: CopyLocations,
  { referrers }: Pick<CopyFlags, 'referrers'>,
): boolean {
  const isSame = from.scheme === to.scheme && from.name === to.name;
  return !quiet && !asOtherTool && !referrers && !isSame && holdsReferrers(to);
}

/** The line about signatures, SBOMs and attestations that stay at the source. */
export function notCopied(what: string, isSame: boolean): string {
  return isSame
    ? `not copied: ${what}; to copy them too: --referrers`
    : `not copied: ${what}; the copy has a different digest and carries no signature`;
}

interface RemindedCopy {
  readonly source: ReadStore;
  readonly summary: CopySummary;
  readonly usual: UsualRequests;
}

/** After a copy of one image that wrote something. */
export async function remind(
  context: ReminderContext,
  { locations, flags }: { readonly locations: CopyLocations; readonly flags: CopyFlags },
  { source, summary, usual }: RemindedCopy,
  options: CallOptions,
): Promise<void> {
  if (summary.unchanged || !isReminded(context, locations, flags)) return;
  const sent = context.requestCount();
  if (!mayLook(context, locations.from, { sent, usual: usual.of(1) })) return;
  const { conversion } = flags;
  // Of a converted image, the source knows only what it was made from.
  const original = async (call: CallOptions): Promise<Digest> =>
    (await source.resolve(locations.from.ref, call)).digest;
  const what = await leftBehind(
    source,
    conversion === undefined ? summary.from : original,
    options,
  );
  const isSame = conversion === undefined && summary.from === summary.descriptor.digest;
  if (what !== '') context.note(notCopied(what, isSame));
}
