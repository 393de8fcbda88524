import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { isDigest } from '../../oci/digest.ts';
import type { ReadStore } from '../../store/types.ts';
import { tagListerOf } from '../../tags/find.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { createLimiter, type Limiter } from '../../util/limiter.ts';
import { isInShard, type Shard, type SourceName } from '../naming.ts';
import { selectNames } from '../select.ts';
import type { SyncPlaces } from '../places.ts';
import type { SyncJob } from '../types.ts';
import { chooseTags, type ChooseOptions } from './choose.ts';
import { mergeRoutes, rejectCollisions, routesOf } from './routes.ts';
import { targetOf, withoutRef } from './targets.ts';
import type { FailedSource, PlannedRoute, SyncPlan, WantedImage } from './types.ts';

export interface PlanOptions extends ChooseOptions {
  readonly places: SyncPlaces;
  readonly shard?: Shard | undefined;
  readonly stopAtFirst?: boolean | undefined;
}

/** A repository of a job, before its tags are known. */
interface Candidate {
  readonly job: SyncJob;
  readonly name: SourceName | undefined;
  readonly source: Location;
}

/**
 * Plans all copies before the first transfer. A source that cannot be listed becomes one failure in
 * the plan.
 * @throws AppError USAGE if two sources have the same target
 */
export async function planSync(jobs: readonly SyncJob[], options: PlanOptions): Promise<SyncPlan> {
  const planner = new Planner(options);
  return planner.plan(jobs);
}

class Planner {
  readonly #options: PlanOptions;
  readonly #failures: FailedSource[] = [];
  readonly #limiters = new Map<string, Limiter>();

  constructor(options: PlanOptions) {
    this.#options = options;
  }

  async plan(jobs: readonly SyncJob[]): Promise<SyncPlan> {
    // Reports invalid names before the first request.
    for (const job of jobs) this.#checkNames(job);
    const candidates = (await Promise.all(jobs.map((job) => this.#candidates(job)))).flat();
    const mine = candidates.filter((one) => this.#mayBeInShard(one));
    const routes = await Promise.all(mine.map((one) => this.#routesOf(one)));
    const all = mergeRoutes(routes.flat());
    rejectCollisions(all);
    return {
      routes: all.filter(({ target }) => this.#isInShard(target)),
      failures: this.#failures,
    };
  }

  #isInShard({ name }: Location): boolean {
    return isInShard(name, this.#options.shard);
  }

  /** A repository of another shard is not listed, if its target does not depend on the tag. */
  #mayBeInShard({ job, name }: Candidate): boolean {
    if (this.#options.shard === undefined) return true;
    const [one, other] = ['a', 'b'].map((tag) => targetOf(this.#options.places, job, name, tag));
    if (one === undefined || other === undefined) return true;
    return one.target.name !== other.target.name || this.#isInShard(one.target);
  }

  #checkNames(job: SyncJob): void {
    const { places } = this.#options;
    if (job.sparseIndex === true && (job.platforms ?? []).length === 0) {
      throw new AppError(
        'USAGE',
        `cannot use ${sanitize(job.where)}: a sparse index needs platforms`,
        {
          hint: 'Choose them: --platform linux/amd64,linux/arm64',
        },
      );
    }
    try {
      if (job.type === 'registry') places.registryOf(job.source);
      else places.locate(job.source);
      if (job.naming.style === 'exact' && job.type !== 'registry') places.locate(job.target);
      else targetOf(places, job, { host: 'h', path: 'p' }, 't');
    } catch (error) {
      throw wrongName(job, error);
    }
  }

  async #candidates(job: SyncJob): Promise<Candidate[]> {
    const { places } = this.#options;
    if (job.type !== 'registry') {
      const source = places.locate(job.source);
      return [{ job, source, name: places.nameOf(source) }];
    }
    const { host, prefix } = places.registryOf(job.source);
    const { keeps } = await selectNames(job.repos);
    return this.#attempt(job, job.source, [], async () => {
      const found: Candidate[] = [];
      for await (const page of places.catalog(host, this.#options)) {
        for (const path of page) {
          if (!path.startsWith(prefix) || !keeps(path)) continue;
          const source = places.locate(`${host}/${path}`);
          found.push({ job, source: withoutRef(source), name: { host, path } });
        }
      }
      if (found.length === 0)
        this.#options.warn(`${job.where}: no repository of ${job.source} matches`);
      return found;
    });
  }

  async #attempt<T>(
    job: SyncJob,
    source: string,
    otherwise: T,
    task: () => Promise<T>,
  ): Promise<T> {
    try {
      return await task();
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      // What cannot be understood stops the run before its first byte.
      if (!(error instanceof AppError) || error.code === 'USAGE') throw error;
      this.#failures.push({ job, source, target: job.target, error });
      return otherwise;
    }
  }

  #limiter(key: string): Limiter {
    const known = this.#limiters.get(key) ?? createLimiter(this.#options.concurrency);
    this.#limiters.set(key, known);
    return known;
  }

  async #routesOf({ job, source, name }: Candidate): Promise<PlannedRoute[]> {
    const { places } = this.#options;
    const fixed = fixedImages(job, source);
    if (fixed !== undefined)
      return routesOf(places, { job, source, name, images: fixed, sourceTags: undefined });
    const limiter = this.#limiter(name?.host ?? source.scheme);
    return this.#attempt(job, source.name, [], () =>
      limiter.run(async () => {
        const store = await places.openRead(source, this.#options);
        try {
          const all = await Array.fromAsync(allTags(store, this.#options));
          const kept = await chooseTags(job, store, all, this.#options);
          const images = kept.map((tag) => ({ ref: tag, tag }));
          return routesOf(places, { job, source, name, images, sourceTags: all });
        } finally {
          await store[Symbol.asyncDispose]();
        }
      }, this.#options.signal),
    );
  }
}

function wrongName(job: SyncJob, error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  return new AppError('USAGE', `cannot use ${sanitize(job.where)}: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}

/** Finds the images that need no list of tags. */
function fixedImages(job: SyncJob, source: Location): readonly WantedImage[] | undefined {
  if (job.refs !== undefined) {
    return job.refs.map((ref) => ({ ref, tag: isDigest(ref) ? undefined : ref }));
  }
  if (job.type !== 'image') return undefined;
  const { scheme, ref = scheme === 'docker' ? 'latest' : undefined, tag } = source;
  return [{ ref, tag: tag ?? (ref === undefined || isDigest(ref) ? undefined : ref) }];
}

async function* allTags(source: ReadStore, options: CallOptions): AsyncGenerator<string> {
  for await (const page of tagListerOf(source).tags(options)) yield* page;
}
