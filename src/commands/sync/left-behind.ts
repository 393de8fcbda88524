import type { Digest } from '../../oci/digest.ts';
import { nameOf, type PlannedRoute, type SyncPlan } from '../../sync/plan/types.ts';
import type { SyncPlaces } from '../../sync/places.ts';
import { resultKey, type ImageResult } from '../../sync/results.ts';
import type { CallOptions } from '../../util/abort.ts';
import { isReminded, mayLook } from '../transfer/left-behind.ts';
import { remindOfMany, type CopiedImages } from '../transfer/left-behind-many.ts';
import { UNSIGNED } from '../transfer/trusted.ts';
import type { SyncContext } from './settings.ts';

/** What a run copied, and what it sent for that. */
export interface SyncRun {
  readonly plan: SyncPlan;
  readonly images: readonly ImageResult[];
  readonly sent: number;
  /** What it may have sent at most, logins counted. */
  readonly usual: number;
}

/** A sync keeps to its budget of pulls, also at a terminal. */
const SCRIPT = { terminal: { interactive: false } };

/** One line about what a run did not copy of that which proves its images, and one about copies that it does not prove. */
export async function remindOfRun(
  context: SyncContext,
  places: SyncPlaces,
  { plan, images, sent, usual }: SyncRun,
  options: CallOptions,
): Promise<void> {
  const { signed } = plan;
  const isUnsigned = (digest: Digest | undefined): boolean =>
    digest !== undefined && signed?.has(digest) === false;
  const copied = images.filter(({ outcome }) => outcome === 'copied');
  if (copied.some(({ digest }) => isUnsigned(digest))) context.note(UNSIGNED);
  const byName = new Map(copied.map((one) => [resultKey(one), one]));
  const routes = plan.routes.filter((route) => isCandidate(context, route));
  const found = routes.map((route) => imagesOf(route, byName, places, options));
  const at = found.findIndex((one) => one.images.length > 0);
  const from = routes[at]?.source;
  const look = from !== undefined && mayLook(SCRIPT, from, { sent, usual });
  await remindOfMany(context, found, look, options);
}

function isCandidate(context: SyncContext, { source, target, job }: PlannedRoute): boolean {
  const referrers = job.referrers === true || job.digestTags === true;
  return isReminded(context, { from: source, to: target }, { referrers });
}

function imagesOf(
  { source, target, images, sourceTags }: PlannedRoute,
  copied: ReadonlyMap<string, ImageResult>,
  places: SyncPlaces,
  options: CallOptions,
): CopiedImages {
  const refs = new Set(images.flatMap(({ ref }) => ref ?? []));
  return {
    sourceTags,
    copiedTags: refs,
    images: images.flatMap(({ ref, tag }) => {
      const name = nameOf(source, ref);
      const { from, digest } =
        copied.get(resultKey({ source: name, destination: nameOf(target, tag) })) ?? {};
      return from === undefined || digest === undefined ? [] : [{ name, from, digest }];
    }),
    withSource: async (look) => {
      await using store = await places.openRead(source, options);
      return await look(store);
    },
  };
}
