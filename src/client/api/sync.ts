import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { PullBudget } from '../../sync/budget.ts';
import { readSyncFile } from '../../sync/formats/index.ts';
import { jobsOf } from '../../sync/jobs.ts';
import { planSync } from '../../sync/plan/planner.ts';
import type { SyncPlaces } from '../../sync/places.ts';
import type { ImageResult } from '../../sync/results.ts';
import { SyncState } from '../../sync/state.ts';
import { createExpand, type Expand } from '../../sync/templates.ts';
import type { RunOptions } from '../../sync/transfer/types.ts';
import type { Naming, SyncFile, SyncJob } from '../../sync/types.ts';
import { DEFAULT_JOBS, doWork } from '../../sync/work.ts';
import { createTagFilter } from '../../sync/select.ts';
import { sleep, type CallOptions } from '../../util/abort.ts';
import { openConverted } from '../converted.ts';
import { createPlaces } from '../sync/places.ts';
import { requireTrustedPlan } from '../sync/trusted.ts';
import { createTrust } from '../trust.ts';
import type { HostSide, Side } from '../types.ts';
import type { Opened } from './open.ts';
import type { SyncCallOptions, SyncFileOptions } from './sync-types.ts';
import { DEFAULT_CONCURRENCY, machineOf, platformOf, tempDirOf } from './this-machine.ts';
import type { ClientOptions } from './types.ts';

/** What a call of `sync` or `syncFile` has: the client, its options, and those of the call. */
interface Asked {
  readonly opened: Opened;
  readonly options: ClientOptions;
  readonly wanted: SyncCallOptions;
  readonly call: CallOptions;
}

/**
 * Copies repositories, several images at a time. An image that fails has an `error` in its result,
 * and the others are copied all the same. @throws AppError USAGE, POLICY_REJECTED
 */
export async function syncPlaces(
  [sources, target]: readonly [readonly string[], string],
  asked: Asked,
): Promise<readonly ImageResult[]> {
  const { opened, wanted } = asked;
  const { naming, map, suffix } = wanted;
  const jobs = jobsOf(sources, target, {
    hasRef: (text) => opened.locate(text).ref !== undefined,
    naming: (standard): Naming => ({ style: naming ?? standard, map, suffix }),
    settings: settingsOf(wanted),
  });
  return run({ format: 'regctl', jobs, hosts: new Map() }, asked);
}

/** Does the jobs of a file. @throws AppError USAGE, POLICY_REJECTED */
export async function syncFile(
  file: string,
  { wanted, ...asked }: Asked & { readonly wanted: SyncFileOptions },
): Promise<readonly ImageResult[]> {
  const { onWarning = () => undefined } = asked.options;
  const { naming = 'flat', map, suffix, target, strict = false, only = [] } = wanted;
  const { signal } = asked.call;
  const read = await readSyncFile(await readText(file, signal), {
    name: file,
    expand: expandOf(asked.options),
    format: wanted.fileFormat,
    ...(target === undefined
      ? {}
      : {
          skopeo: { destination: target, naming: { style: naming, map, suffix }, all: true },
        }),
    warn(text) {
      if (strict) throw new AppError('USAGE', `cannot use the file: ${text}`);
      onWarning(text);
    },
  });
  const unknown = only.find((name) => !read.jobs.some((job) => job.name === name));
  if (unknown !== undefined)
    throw new AppError('USAGE', `${sanitize(file)} has no job "${sanitize(unknown)}"`);
  const jobs = read.jobs
    .filter(({ name }) => only.length === 0 || (name !== undefined && only.includes(name)))
    .map((job) => ({ ...job, ...settingsOf(wanted) }));
  return run({ ...read, jobs }, { ...asked, wanted });
}

async function run(
  { jobs, hosts, parallel, state: stateFile, budget: pulls }: SyncFile,
  { opened, options, wanted, call }: Asked,
): Promise<readonly ImageResult[]> {
  const { concurrency = DEFAULT_CONCURRENCY, onWarning = () => undefined } = options;
  const { onImage = () => undefined, onProgress = () => undefined, abortOnError } = wanted;
  const { semver, dryRun = false, check = false } = wanted;
  const { now } = machineOf(options);
  const places = placesOf(opened, hosts);
  const host = platformOf(options);
  const planned = await planSync(jobs, {
    ...call,
    places,
    concurrency,
    filter: await createTagFilter(wanted),
    shard: shardOf(wanted),
    host,
    now,
    stopAtFirst: abortOnError,
    by: wanted.by ?? (semver === undefined ? undefined : 'version'),
    warn: onWarning,
  });
  const requireTrusted = trustOf(opened, options, wanted);
  const plan = await requireTrustedPlan(planned, { ...call, requireTrusted, concurrency, host });
  const file = check ? undefined : (wanted.state ?? stateFile);
  const isKept = file !== undefined && file !== 'none';
  return doWork(plan, {
    ...call,
    ...conversionOf(opened, options, wanted),
    places,
    mode: check ? 'check' : dryRun ? 'dry-run' : 'run',
    concurrency,
    jobs: wanted.jobs ?? parallel ?? DEFAULT_JOBS,
    hostPlatform: host,
    preserveDigests: wanted.preserveDigests,
    stopAtFirst: abortOnError,
    expand: expandOf(options),
    state: isKept ? await SyncState.read(file, () => now().getTime()) : undefined,
    budget: new PullBudget({
      pulls: wanted.budget ?? pulls,
      left: wanted.budgetLeft,
      onBudget: wanted.onBudget,
      now: () => now().getTime(),
      sleep,
      note: options.onNote ?? (() => undefined),
    }),
    onImage,
    emit: onProgress,
  });
}

/** What replaces the settings of each job. */
function settingsOf(wanted: SyncCallOptions): Partial<SyncJob> {
  const { newest, platforms, sparseIndex, referrers, digestTags, immutable, missing } = wanted;
  const { allowNondistributable, maxDelete, backup } = wanted;
  const given: Partial<SyncJob> = {
    newest,
    platforms,
    platformsOfIndexes: platforms === undefined ? undefined : false,
    sparseIndex,
    referrers,
    digestTags: digestTags ?? (referrers === true ? true : undefined),
    immutable,
    missing,
    allowNondistributable,
    delete: wanted.delete,
    maxDelete,
    backup,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function shardOf({ shard }: SyncCallOptions): SyncCallOptions['shard'] {
  if (shard === undefined || (shard.index >= 1 && shard.index <= shard.count)) return shard;
  throw new AppError('USAGE', `shard: index ${shard.index} is not from 1 to ${shard.count}`);
}

function conversionOf(
  opened: Opened,
  options: ClientOptions,
  { format, preserveDigests = false, referrers = false, onProgress }: SyncCallOptions,
): Pick<RunOptions, 'convert' | 'conversion'> {
  if (format === undefined) return {};
  const context = {
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    tempDir: tempDirOf(options),
    temporaries: () => opened.temporaries(),
    note: (text: string) => onProgress?.({ type: 'note', text }),
    warn: options.onWarning ?? (() => undefined),
  };
  return {
    conversion: format,
    convert: (store, { source, target }, indexPlatform) =>
      openConverted(
        context,
        store,
        { from: source, to: target },
        { conversion: { format }, platforms: [], indexPlatform, preserveDigests, referrers },
      ),
  };
}

function trustOf(
  { openRead }: Opened,
  options: ClientOptions,
  { verifyKeys = [], policy }: SyncCallOptions,
): ReturnType<typeof createTrust> {
  return createTrust({
    machine: machineOf(options),
    settings: {
      policy: policy === undefined ? undefined : { file: policy },
      verifyKeys: [],
      publicKeys: verifyKeys,
      acceptBundles: false,
      eachImage: false,
      concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    },
    host: platformOf(options),
    cwd: () => process.cwd(),
    openRead,
    trace: options.trace,
  });
}

function expandOf(options: ClientOptions): Expand {
  const { env, now } = machineOf(options);
  return createExpand({ env, now, cwd: process.cwd() });
}

/** The settings that a file has for a host. */
const own = (side: Side | HostSide): HostSide['host'] =>
  typeof side === 'string' ? {} : side.host;

/** The places of a sync; a file's settings of a host win over those of the client. */
function placesOf(opened: Opened, hosts: SyncFile['hosts']): SyncPlaces {
  return createPlaces(
    {
      locate: opened.locate,
      openRead: (location, side, call) => opened.openRead(location, call, own(side)),
      openWrite: (location, side, call) => opened.openWrite(location, call, own(side)),
      registry: (side, host) => opened.registry(host, own(side)),
    },
    hosts,
  );
}

/** @throws AppError USAGE if it does not exist */
async function readText(file: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await readFile(file, { encoding: 'utf8', signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw new AppError(
      'USAGE',
      `cannot read ${sanitize(file)}: it does not exist or must not be read`,
      { cause: error },
    );
  }
}
