import type { Digest } from '../../oci/digest.ts';
import { parsePlatform, type Platform } from '../../oci/platform.ts';
import type { PlannedRoute, SyncPlan, WantedImage } from '../../sync/plan/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { holdsReferrers, locationOf } from '../copy-locations.ts';
import type { RequireTrusted } from '../trust.ts';

export interface TrustedPlanOptions extends CallOptions {
  readonly requireTrusted: RequireTrusted;
  readonly concurrency: number;
  /** The platform of jobs that copy only this machine's. */
  readonly host: Platform;
}

/**
 * Checks all images of a plan before the first one is copied. What had to be signed is copied as it
 * was verified, with its signatures.
 * @throws AppError as requireTrusted does
 */
export async function requireTrustedPlan(
  plan: SyncPlan,
  options: TrustedPlanOptions,
): Promise<SyncPlan> {
  const routes: PlannedRoute[] = [];
  const signed = new Set<Digest>();
  for (const route of plan.routes) routes.push(await trustedRoute(route, signed, options));
  return { ...plan, routes, signed: signed.size === 0 ? undefined : signed };
}

async function trustedRoute(
  route: PlannedRoute,
  signed: Set<Digest>,
  { requireTrusted, concurrency, host, signal: ofRun }: TrustedPlanOptions,
): Promise<PlannedRoute> {
  const { source, target, job } = route;
  const { platforms = [], hostPlatform } = job;
  const wanted = hostPlatform === true ? [host] : platforms.map(parsePlatform);
  const images = await mapParallel(
    route.images,
    concurrency,
    async (image, { signal }): Promise<WantedImage> => {
      const at = locationOf(source, image);
      const trusted = await requireTrusted(at, { platforms: wanted, signal });
      if (trusted === undefined) return image;
      for (const digest of trusted.signed) signed.add(digest);
      return { ...image, ref: trusted.digest };
    },
    { signal: ofRun },
  );
  if (images.every((image, i) => image === route.images[i])) return route;
  return { ...route, images, job: { ...job, referrers: holdsReferrers(target) } };
}
