import { AppError } from '../errors/app-error.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { copyImage } from '../copy/copy-image.ts';
import { createDryRunStore } from '../copy/dry-run.ts';
import { withTaskGroup, type TaskGroup } from '../copy/engine/task-group.ts';
import { maxInFlight } from '../copy/engine/slots.ts';
import type { RootPlan } from '../copy/resolve-root.ts';
import { CopySession } from '../copy/session.ts';
import type { CopyEvent, CopyRunOptions, ImageRequest } from '../copy/types.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isIndexType } from '../oci/media-types.ts';
import { parsePlatform, type Platform } from '../oci/platform.ts';
import { createMatcher } from '../retention/patterns.ts';
import { createMemoryStore } from '../store/memory.ts';
import { fetchManifest } from '../store/manifests.ts';
import type { ReadStore, WriteStore } from '../store/types.ts';
import { subjectOfDigestTag } from '../tags/digest-tags.ts';
import { tagListerOf } from '../tags/find.ts';
import type { Location } from '../transports/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { createLimiter, type Limiter } from '../util/limiter.ts';
import { backUpImage } from './backup.ts';
import type { SyncPlaces } from './places.ts';
import { nameOf, type PlannedRoute, type SyncPlan, type WantedImage } from './plan.ts';
import { withReferrers } from './referrers.ts';
import type { ImageResult } from './results.ts';
import { createBlobLedger, type BlobLedger } from './shared-blobs.ts';
import type { Expand } from './templates.ts';
import type { SyncJob } from './types.ts';

export type SyncMode =
  /** Copies images. */
  | 'run'
  /** Reports what a run copies, and its size. */
  | 'dry-run'
  /** Reports only what is out of date: two requests per image. */
  | 'check';

export interface RunOptions extends CallOptions {
  readonly places: SyncPlaces;
  readonly mode: SyncMode;
  /** Concurrent requests to each side of a pair of registries. */
  readonly concurrency: number;
  /** Concurrent images between two registries. */
  readonly jobs: number;
  readonly hostPlatform: Platform;
  readonly preserveDigests?: boolean | undefined;
  readonly stopAtFirst?: boolean | undefined;
  readonly expand: Expand;
  /** Converts the source, if the job changes its format. */
  readonly convert?:
    | ((
        store: ReadStore,
        route: PlannedRoute,
        indexPlatform: Platform | undefined,
      ) => Promise<ReadStore | undefined>)
    | undefined;
  onImage(result: ImageResult): void;
  emit(event: CopyEvent): void;
}

/** An error with one of these codes for one image occurs for all of its repository. */
const FAILS_FOR_ALL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CREDENTIAL_HELPER',
  'FORBIDDEN',
  'NETWORK',
  'NO_SPACE',
  'NOT_A_REGISTRY',
  'RATE_LIMITED',
  'REALM_UNTRUSTED',
  'TIMEOUT',
  'TLS',
  'TOKEN_FAILED',
  'UNAUTHORIZED',
]);

/** A pair of registries: its slots, and a limit of concurrent images. */
interface Lane {
  readonly routes: Limiter;
  readonly images: Limiter;
  readonly slots: { readonly source: Limiter; readonly destination: Limiter };
}

/**
 * Copies the images of a plan, all repositories in parallel; a failure stops no other image.
 * @throws the signal's reason; errors that are not AppErrors
 */
export async function runSync(
  plan: SyncPlan,
  options: RunOptions,
): Promise<readonly ImageResult[]> {
  const run = new Run(options);
  for (const { source, target, error } of plan.failures) {
    run.report({
      source,
      destination: target,
      outcome: 'failed',
      because: 'cannot be listed',
      bytes: 0,
      error,
    });
  }
  await run.all(plan.routes);
  return run.results;
}

const placeOf = ({ scheme, name }: Location): string => `${scheme}:${name}`;

class Run {
  readonly #options: RunOptions;
  readonly #ledger: BlobLedger = createBlobLedger();
  readonly #lanes = new Map<string, Lane>();
  readonly #slots = new Map<string, Limiter>();
  readonly #stop = new AbortController();
  readonly results: ImageResult[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
  }

  report(result: ImageResult): void {
    this.results.push(result);
    this.#options.onImage(result);
  }

  /** Only a failed image can stop the run, not a source that cannot be listed. */
  #reportImage(result: ImageResult): void {
    this.report(result);
    if (result.error !== undefined && this.#options.stopAtFirst === true) this.#stop.abort();
  }

  async all(routes: readonly PlannedRoute[]): Promise<void> {
    const byTarget = new Map<string, Promise<void>>();
    const started = routes.map((route) => {
      const lane = this.#lane(route);
      // A job may read images that an earlier job wrote.
      const before = byTarget.get(placeOf(route.source));
      const run = async (): Promise<void> => {
        await before?.catch(() => undefined);
        await lane.routes.run(() => this.#route(route, lane), this.#options.signal);
      };
      const running = run();
      byTarget.set(placeOf(route.target), running);
      return running;
    });
    const settled = await Promise.allSettled(started);
    this.#options.signal?.throwIfAborted();
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
  }

  #limiter(key: string): Limiter {
    const known = this.#slots.get(key) ?? createLimiter(Math.max(1, this.#options.concurrency));
    this.#slots.set(key, known);
    return known;
  }

  /** Gives each pair of registries its own lane, so that a slow one delays no other. */
  #lane({ source, target }: PlannedRoute): Lane {
    const { places, jobs, concurrency } = this.#options;
    const from = places.nameOf(source)?.host ?? source.scheme;
    const to = places.nameOf(target)?.host ?? target.scheme;
    // To stop at the first failure, images are copied one by one, in order.
    const isSerial = this.#options.stopAtFirst === true;
    const key = isSerial ? '' : `${from} ${to}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane = {
      routes: createLimiter(isSerial ? 1 : jobs),
      images: createLimiter(isSerial ? 1 : Math.max(jobs, maxInFlight(concurrency))),
      slots: { source: this.#limiter(`from ${from}`), destination: this.#limiter(`to ${to}`) },
    };
    this.#lanes.set(key, lane);
    return lane;
  }

  async #route(route: PlannedRoute, lane: Lane): Promise<void> {
    if (this.#stop.signal.aborted || route.images.length === 0) return;
    try {
      const { signal } = this.#options;
      await using stores = new AsyncDisposableStack();
      const source = stores.use(await this.#source(route, stores));
      const destination = stores.use(await this.#destination(route));
      await withTaskGroup(
        signal,
        async (tasks) => {
          const images = new RouteRun({
            ledger: this.#ledger,
            route,
            lane,
            source,
            destination,
            tasks,
            options: this.#options,
            stop: this.#stop.signal,
            report: (one) => this.#reportImage(one),
          });
          await images.all();
        },
        { abortOnError: false },
      );
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      for (const { ref, tag } of route.images) {
        const names = { source: nameOf(route.source, ref), destination: nameOf(route.target, tag) };
        const done = this.results.some(
          (one) => one.source === names.source && one.destination === names.destination,
        );
        if (!done) this.report({ ...names, outcome: 'failed', because: 'failed', bytes: 0, error });
      }
    }
  }

  async #source(route: PlannedRoute, stores: AsyncDisposableStack): Promise<ReadStore> {
    const { job, source } = route;
    const { places, signal, convert } = this.#options;
    const plain = await places.openRead(source, { signal });
    const { referrerFilters = [], referrerSource } = job;
    const elsewhere =
      referrerSource === undefined || referrerSource === ''
        ? undefined
        : stores.use(await places.openRead(places.locate(referrerSource), { signal }));
    const store =
      referrerFilters.length === 0 && elsewhere === undefined
        ? plain
        : withReferrers(plain, referrerFilters, elsewhere);
    const only = job.hostPlatform === true ? this.#options.hostPlatform : undefined;
    return (await convert?.(store, route, only)) ?? store;
  }

  async #destination({ source, target }: PlannedRoute): Promise<WriteStore> {
    const { places, signal, mode } = this.#options;
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
}

interface RouteRunOptions {
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

/** Copies the images of one source to one target. */
class RouteRun {
  readonly #at: RouteRunOptions;
  readonly #session: CopySession;
  readonly #isImmutable: (tag: string) => boolean;
  readonly #done: ImageResult[] = [];
  #bytes = 0;
  #worked = false;
  #streak: AppError[] = [];

  constructor(at: RouteRunOptions) {
    this.#at = at;
    this.#session = new CopySession(this.#copyOptions(), at.tasks);
    const { immutable = [], missing } = at.route.job;
    const globs = [...immutable, ...(missing === true ? ['*'] : [])].map((glob) =>
      createMatcher(glob, 'immutable'),
    );
    this.#isImmutable = (tag) => globs.some((matches) => matches(tag));
  }

  #copyOptions(): CopyRunOptions {
    const { route, source, destination, options, lane, tasks } = this.#at;
    const { job } = route;
    const { places } = options;
    const [from, to] = [places.nameOf(route.source), places.nameOf(route.target)];
    const same = from !== undefined && from.host === to?.host;
    const referrers = job.referrers === true && (job.referrerTarget ?? '') === '';
    return {
      source,
      destination,
      platforms: (job.platforms ?? []).map(parsePlatform),
      indexPlatform: job.hostPlatform === true ? options.hostPlatform : undefined,
      referrers,
      // cosign's tags are digest tags, which need their own option.
      sourceTags: job.digestTags === true ? route.sourceTags : [],
      sameRepository: same && from.path === to.path,
      shareBlob:
        to === undefined || options.mode !== 'run'
          ? undefined
          : this.#at.ledger.share(to.host, to.path),
      ...(same && from.path !== to.path ? { mountFrom: () => [from.path] } : {}),
      allowNondistributable: job.allowNondistributable,
      preserveDigests: options.preserveDigests,
      concurrency: options.concurrency,
      slots: lane.slots,
      emit: (event) => options.emit(event),
      signal: tasks.signal,
    };
  }

  async all(): Promise<void> {
    const { route, lane, tasks, options } = this.#at;
    const known = await this.#targetTags();
    await Promise.all(
      route.images.map((image) => lane.images.run(() => this.#one(image, known), tasks.signal)),
    );
    if (options.mode === 'run' && this.#done.some(({ outcome }) => outcome === 'copied'))
      await this.#session.commit();
  }

  /** Lists the target's tags once, to avoid a lookup for every missing tag. */
  async #targetTags(): Promise<ReadonlySet<string> | undefined> {
    const { route, destination, tasks } = this.#at;
    const { job, images } = route;
    const named = images.filter(({ tag }) => tag !== undefined).length;
    const must =
      job.delete !== undefined || job.missing === true || (job.immutable ?? []).length > 0;
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

  async #one(image: WantedImage, known: ReadonlySet<string> | undefined): Promise<void> {
    const { route, tasks, stop } = this.#at;
    tasks.signal.throwIfAborted();
    if (stop.aborted) return;
    const names = {
      source: nameOf(route.source, image.ref),
      destination: nameOf(route.target, image.tag),
    };
    const finish = (result: Omit<ImageResult, 'source' | 'destination' | 'bytes'>): void => {
      const { sent } = this.#session.counts().bytes;
      const bytes = sent - this.#bytes;
      this.#bytes = sent;
      const full = { ...names, ...result, bytes };
      this.#done.push(full);
      this.#at.report(full);
    };
    try {
      const [earlier] = this.#streak.length >= 3 && !this.#worked ? this.#streak : [];
      if (earlier !== undefined)
        throw new AppError(
          earlier.code,
          `${names.source} was not tried: others failed in the same way before`,
          { cause: earlier },
        );
      const result = await this.#bring(image, known);
      this.#worked = true;
      finish(result);
    } catch (error) {
      tasks.signal.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      if (FAILS_FOR_ALL.has(error.code)) this.#streak.push(error);
      finish({ outcome: 'failed', because: 'failed', error });
    }
  }

  async #bring(
    { ref, tag }: WantedImage,
    known: ReadonlySet<string> | undefined,
  ): Promise<Pick<ImageResult, 'outcome' | 'because' | 'digest'>> {
    const { route, options } = this.#at;
    const { job } = route;
    if (tag !== undefined && known?.has(tag) === true && this.#isImmutable(tag)) {
      return { outcome: 'unchanged', because: job.missing === true ? '--missing' : '--immutable' };
    }
    const isNew = tag !== undefined && known !== undefined && !known.has(tag);
    const request: ImageRequest = {
      sourceRef: ref,
      destinationTag: tag,
      isNew: isNew || job.deep === true,
    };
    const plan = await this.#session.resolve(request);
    const { root, existing } = plan;
    const { digest } = root;
    const types = job.mediaTypes ?? [];
    if (types.length > 0 && !types.includes(root.mediaType)) {
      return { outcome: 'skipped', because: `is of type ${root.mediaType}`, digest };
    }
    const isThere =
      tag === undefined &&
      options.mode === 'check' &&
      (await this.#at.destination.has(root, { signal: this.#at.tasks.signal }));
    const isSame = existing?.digest === digest || isThere;
    const because = isSame ? 'equal' : isNew || existing === undefined ? 'new' : 'changed';
    if (options.mode === 'check')
      return { outcome: isSame ? 'unchanged' : 'copied', because, digest };
    if (existing !== undefined && !isSame) await this.#backUp(existing, tag);
    const { unchanged } = await this.#session.image(request, plan);
    const more = !(isSame && job.fastCheck === true) && (await this.#attached(plan));
    return {
      outcome: unchanged && !more ? 'unchanged' : 'copied',
      because: unchanged && more ? 'referrers' : because,
      digest,
    };
  }

  async #backUp(existing: Descriptor, tag: string | undefined): Promise<void> {
    const { route, destination, options, tasks } = this.#at;
    const { backup } = route.job;
    if (backup === undefined || tag === undefined || options.mode !== 'run') return;
    await backUpImage(
      {
        job: route.job,
        target: route.target,
        tag,
        existing,
        destination,
        places: options.places,
        expand: options.expand,
        concurrency: options.concurrency,
      },
      { signal: tasks.signal },
    );
  }

  /**
   * Copies digest tags, and referrers with a separate target repository. Returns whether anything
   * was written.
   */
  async #attached({ root, manifest }: RootPlan): Promise<boolean> {
    const { route, source, tasks, options } = this.#at;
    const { job } = route;
    const elsewhere = job.referrers === true && (job.referrerTarget ?? '') !== '';
    if (job.digestTags !== true && !elsewhere) return false;
    const call = { signal: tasks.signal };
    const digests = [root.digest];
    if (isIndexType(root.mediaType)) {
      const index = manifest ?? (await fetchManifest(source, root, call));
      if (index.kind === 'index') digests.push(...index.manifests.map((one) => one.digest));
    }
    let written = false;
    if (job.digestTags === true) {
      const tags = await this.#sourceTags(call);
      for (const tag of tags) {
        const subject = subjectOfDigestTag(tag, digests);
        if (subject === undefined || !digests.includes(subject)) continue;
        const { unchanged } = await this.#session.image({ sourceRef: tag, destinationTag: tag });
        written ||= !unchanged;
      }
    }
    if (elsewhere && options.mode === 'run')
      written = (await this.#referrersTo(job, digests)) || written;
    return written;
  }

  #listed: Promise<readonly string[]> | undefined;

  #sourceTags(call: CallOptions): Promise<readonly string[]> {
    const { route, source } = this.#at;
    if (route.sourceTags !== undefined) return Promise.resolve(route.sourceTags);
    this.#listed ??= Array.fromAsync(tagListerOf(source).tags(call)).then((pages) => pages.flat());
    return this.#listed;
  }

  async #referrersTo(job: SyncJob, digests: readonly Descriptor['digest'][]): Promise<boolean> {
    const { source, options, tasks } = this.#at;
    const { places } = options;
    const call = { signal: tasks.signal };
    const target: Location = places.locate(job.referrerTarget ?? '');
    await using destination = await places.openWrite(target, call);
    let written = false;
    for (const digest of digests) {
      for await (const one of source.capabilities.referrers?.referrers(digest, call) ?? []) {
        const { unchanged } = await copyImage({
          source,
          destination,
          sourceRef: one.digest,
          referrers: true,
          sourceTags: [],
          concurrency: options.concurrency,
          emit: (event) => options.emit(event),
          ...call,
        });
        written ||= !unchanged;
      }
    }
    return written;
  }
}
