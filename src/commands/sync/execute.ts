import { resolve } from 'node:path';
import { isManifestType } from '../../oci/media-types.ts';
import type { CopyEvent } from '../../copy/types.ts';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { PlannedDelete } from '../../sync/deletion/planned.ts';
import { planSync } from '../../sync/plan/planner.ts';
import type { SyncPlan } from '../../sync/plan/types.ts';
import type { ImageResult } from '../../sync/results.ts';
import type { RunOptions, SyncMode } from '../../sync/transfer/types.ts';
import { DEFAULT_JOBS, doWork } from '../../sync/work.ts';
import type { CallOptions } from '../../util/abort.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { readCount, readFlag, readText } from '../input/read.ts';
import type { Input } from '../types.ts';
import { readShard } from '../input/shard.ts';
import { writeNamedFile } from '../output/named-file.ts';
import { syncJson, type SyncCost } from './page.ts';
import { expandOf, type SyncRequest } from './jobs.ts';
import { UsualRequests } from '../transfer/left-behind.ts';
import { remindOfRun } from './left-behind.ts';
import { requireTrustedPlan, type TrustedPlanOptions } from '../../client/sync/trusted.ts';
import {
  readBudget,
  readBy,
  readConversion,
  readFilter,
  readState,
  type SyncContext,
} from './settings.ts';

/** Everything that a run does. */
export interface SyncWork {
  readonly request: SyncRequest;
  readonly plan: SyncPlan;
  readonly mode: SyncMode;
  readonly stopAtFirst: boolean;
  readonly places: RunOptions['places'];
  /** The tags to delete, by a plan file. Default: what left the source, where a job says so. */
  readonly deletes?: readonly PlannedDelete[] | undefined;
}

export interface SyncDone {
  readonly images: readonly ImageResult[];
  readonly cost: SyncCost;
}

/** Plans all copies before the first transfer. @throws AppError USAGE, UNTRUSTED */
export async function planWork(
  context: SyncContext,
  input: Input,
  work: Pick<SyncWork, 'request' | 'stopAtFirst' | 'places'>,
  options: CallOptions,
): Promise<SyncPlan> {
  const plan = await planSync(work.request.jobs, {
    places: work.places,
    concurrency: context.flags.concurrency,
    filter: await readFilter(input),
    shard: readShard(input),
    host: context.hostPlatform,
    now: () => context.now(),
    stopAtFirst: work.stopAtFirst,
    by: readBy(input, work.request),
    warn: (text) => context.warn(text),
    signal: options.signal,
  });
  return requireTrustedPlan(plan, trustOf(context, options));
}

/** Whom the command line trusts, for `requireTrustedPlan`. */
export function trustOf(
  { requireTrusted, flags, hostPlatform }: SyncContext,
  options: CallOptions,
): TrustedPlanOptions {
  const host = flags.override ?? hostPlatform;
  return { ...options, requireTrusted, concurrency: flags.concurrency, host };
}

/** Copies, then deletes. What was done is in the state, also if this throws. */
export async function execute(
  context: SyncContext,
  input: Input,
  { request, plan, mode, stopAtFirst, places, deletes }: SyncWork,
  onImage: (image: ImageResult) => void,
  options: CallOptions,
): Promise<SyncDone> {
  const before = context.requestCount();
  const state = mode === 'check' ? undefined : await readState(context, input, request);
  const budget = readBudget(context, input, request);
  const needed = new NeededRequests();
  const usual = new UsualRequests();
  const images = await doWork(plan, {
    ...readConversion(context, input),
    places,
    state,
    deletes,
    mode,
    expand: expandOf(context),
    concurrency: context.flags.concurrency,
    jobs: readCount(input, 'jobs', '--jobs') ?? request.parallel ?? DEFAULT_JOBS,
    hostPlatform: context.flags.override ?? context.hostPlatform,
    preserveDigests: readFlag(input, 'preserveDigests'),
    stopAtFirst,
    budget,
    onImage,
    signal: options.signal,
    emit(event) {
      needed.note(event);
      usual.note(event);
      if (event.type === 'note') context.note(event.text);
      else if (event.type === 'warning') context.warn(event.text);
      else context.emit(event);
    },
  });
  if (mode === 'run') {
    const counts = { sent: context.requestCount() - before, usual: usual.of(images.length) };
    await remindOfRun(context, places, { plan, images, ...counts }, options);
  }
  const digestFile = readText(input, 'digestfile');
  if (digestFile !== undefined) await writeDigests(resolve(context.cwd, digestFile), images);
  const sent = context.requestCount() - before;
  const requests = mode === 'dry-run' ? sent + needed.count : sent;
  const done = { images, cost: { requests, pulls: budget.used } };
  const report = readText(input, 'report');
  if (report !== undefined) await writeReport(resolve(context.cwd, report), done);
  return done;
}

/** Writes what `-o json` prints. @throws AppError IO, NO_SPACE */
async function writeReport(path: string, { images, cost }: SyncDone): Promise<void> {
  await writeNamedFile(path, `${JSON.stringify(syncJson(images, cost), undefined, 2)}\n`);
}

/**
 * Requests that a run sends in addition to those of a dry run. A dry run sends one HEAD for what is
 * missing; a run sends GET, POST and PUT for a blob, and one request for a mount or a manifest.
 */
class NeededRequests {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  note(event: CopyEvent): void {
    if (event.type !== 'end' || event.outcome !== 'written') return;
    if (!isManifestType(event.descriptor.mediaType)) this.#count += 2;
  }
}

/** Writes lines of "DIGEST docker://NAME", as skopeo does. @throws AppError IO */
async function writeDigests(path: string, images: readonly ImageResult[]): Promise<void> {
  const lines = images.flatMap(({ digest, destination, outcome }) =>
    digest === undefined || outcome === 'failed' || outcome === 'skipped'
      ? []
      : [`${digest} docker://${destination}\n`],
  );
  try {
    await writeFileAtomic(path, lines.join(''));
  } catch (error) {
    throw new AppError('IO', `the images were copied, but "${sanitize(path)}" cannot be written`, {
      cause: error,
    });
  }
}
