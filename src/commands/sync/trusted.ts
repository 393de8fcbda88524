import { parsePlatform } from '../../oci/platform.ts';
import type { PlannedRoute, SyncPlan, WantedImage } from '../../sync/plan/types.ts';
import { holdsReferrers, locationOf } from '../../client/copy-locations.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import type { SyncContext } from './settings.ts';

/**
 * Checks all images of a plan before the first one is copied. What had to be signed is copied as it
 * was verified, with its signatures.
 * @throws AppError as requireTrusted does
 */
export async function requireTrustedPlan(
  context: SyncContext,
  plan: SyncPlan,
  options: CallOptions,
): Promise<SyncPlan> {
  const routes: PlannedRoute[] = [];
  for (const route of plan.routes) routes.push(await trustedRoute(context, route, options));
  return { ...plan, routes };
}

async function trustedRoute(
  context: SyncContext,
  route: PlannedRoute,
  options: CallOptions,
): Promise<PlannedRoute> {
  const { source, target, job } = route;
  const { platforms = [], hostPlatform } = job;
  const wanted = platforms.map(parsePlatform);
  const host = context.flags.override ?? context.hostPlatform;
  const call = { ...options, platforms: hostPlatform === true ? [host] : wanted };
  const images = await mapParallel(
    route.images,
    context.flags.concurrency,
    async (image, { signal }): Promise<WantedImage> => {
      const trusted = await context.requireTrusted(locationOf(source, image), { ...call, signal });
      return trusted === undefined ? image : { ...image, ref: trusted.digest };
    },
    options,
  );
  if (images.every((image, i) => image === route.images[i])) return route;
  return { ...route, images, job: { ...job, referrers: holdsReferrers(target) } };
}
