import { createDryRunStore } from '../../copy/dry-run.ts';
import { AppError } from '../../errors/app-error.ts';
import { isHubHost } from '../../reference/docker-hub.ts';
import { createMemoryStore } from '../../store/memory.ts';
import type { ReadStore, WriteStore } from '../../store/types.ts';
import type { PlannedRoute } from '../plan/types.ts';
import { withCountedPulls } from './counted-pulls.ts';
import { withReferrers } from './referrers.ts';
import type { RunOptions } from './types.ts';
import type { Disposables } from '../../store/disposables.ts';

/** Opens the source of a route; what else it reads is disposed of with `stores`. */
export async function openSource(
  route: PlannedRoute,
  { places, convert, hostPlatform, budget, signal }: RunOptions,
  stores: Disposables,
): Promise<ReadStore> {
  const { job, source } = route;
  const host = places.nameOf(source)?.host;
  const { min = 0, retryMs } = job.ratelimit ?? {};
  const rules = min > 0 ? { left: min, retryMs } : {};
  const opened = await places.openRead(source, { signal });
  const isCounted = host !== undefined && (isHubHost(host) || budget?.isLimiting(rules) === true);
  const plain =
    isCounted && budget !== undefined ? withCountedPulls(opened, { host, rules }, budget) : opened;
  const { referrerFilters = [], referrerSource } = job;
  const elsewhere =
    referrerSource === undefined || referrerSource === ''
      ? undefined
      : stores.use(await places.openRead(places.locate(referrerSource), { signal }));
  const store =
    referrerFilters.length === 0 && elsewhere === undefined
      ? plain
      : withReferrers(plain, referrerFilters, elsewhere);
  const only = job.hostPlatform === true ? hostPlatform : undefined;
  return (await convert?.(store, route, only)) ?? store;
}

/** Opens the target of a route; only a real run gets a store that writes. */
export async function openDestination(
  { source, target }: PlannedRoute,
  { places, mode, signal }: RunOptions,
): Promise<WriteStore> {
  const name = places.nameOf(target);
  if (mode !== 'run' && name === undefined) {
    try {
      return createDryRunStore(await places.openTarget(target, { signal }));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'PATH_UNKNOWN') throw error;
      return createDryRunStore(createMemoryStore(target.text));
    }
  }
  const from = places.nameOf(source);
  const isNeighbour = from !== undefined && from.host === name?.host && from.path !== name.path;
  const mountFrom = isNeighbour ? [from.path] : undefined;
  const store = await places.openWrite(target, { signal, mountFrom });
  return mode === 'run' ? store : createDryRunStore(store);
}
