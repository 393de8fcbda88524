import type { TaskGroup } from '../../copy/engine/task-group.ts';
import type { CopyRunOptions } from '../../copy/types.ts';
import { AppError } from '../../errors/app-error.ts';
import { parsePlatform } from '../../oci/platform.ts';
import type { ReadStore, WriteStore } from '../../store/types.ts';
import type { PlannedRoute } from '../plan/types.ts';
import type { ImageResult } from '../results.ts';
import type { Lane } from './lanes.ts';
import type { BlobLedger } from './shared-blobs.ts';
import type { RunOptions } from './types.ts';

/** What the copies of one route share. */
export interface RouteContext {
  readonly route: PlannedRoute;
  readonly lane: Lane;
  readonly ledger: BlobLedger;
  readonly source: ReadStore;
  readonly destination: WriteStore;
  readonly tasks: TaskGroup;
  readonly options: RunOptions;
  readonly stop: AbortSignal;
  report(result: ImageResult): void;
}

/** The options of the copy engine for one route. */
export function copyOptionsOf(at: RouteContext): CopyRunOptions {
  const { route, source, destination, options, lane, tasks } = at;
  const { job } = route;
  const { places } = options;
  const [from, to] = [places.nameOf(route.source), places.nameOf(route.target)];
  const same = from !== undefined && from.host === to?.host;
  const referrers = job.referrers === true && (job.referrerTarget ?? '') === '';
  return {
    source,
    destination,
    platforms: (job.platforms ?? []).map(parsePlatform),
    platformsOfIndexes: job.platformsOfIndexes,
    indexPlatform: job.hostPlatform === true ? options.hostPlatform : undefined,
    referrers,
    // cosign's tags are digest tags, which need their own option.
    sourceTags: job.digestTags === true ? route.sourceTags : [],
    sameRepository: same && from.path === to.path,
    shareBlob:
      to === undefined || options.mode !== 'run' ? undefined : at.ledger.share(to.host, to.path),
    ...(same && from.path !== to.path ? { mountFrom: () => [from.path] } : {}),
    allowNondistributable: job.allowNondistributable,
    preserveDigests: options.preserveDigests,
    concurrency: options.concurrency,
    slots: lane.slots,
    emit: (event) => options.emit(event),
    signal: tasks.signal,
  };
}

/**
 * Lists the target's tags once, to avoid a lookup for every missing tag; `undefined` if the target
 * has no list or a list would not pay.
 */
export async function targetTags({
  route,
  destination,
  tasks,
}: RouteContext): Promise<ReadonlySet<string> | undefined> {
  const { job, images } = route;
  const named = images.filter(({ tag }) => tag !== undefined).length;
  const must = job.delete !== undefined || job.missing === true || (job.immutable ?? []).length > 0;
  const { tags } = destination.capabilities;
  if (tags === undefined || named === 0 || (named < 2 && !must)) return undefined;
  const all = new Set<string>();
  try {
    for await (const page of tags.tags({ signal: tasks.signal }))
      for (const tag of page) all.add(tag);
    return all;
  } catch (error) {
    const code = error instanceof AppError ? error.code : undefined;
    if (code === 'REPOSITORY_UNKNOWN') return all;
    if (code === 'UNSUPPORTED' || code === 'REGISTRY_ERROR') return undefined;
    throw error;
  }
}
