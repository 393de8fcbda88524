import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';
import { isDigest } from '../oci/digest.ts';
import type { ReadStore } from '../store/types.ts';
import { isDigestTag } from '../tags/digest-tags.ts';
import { tagListerOf } from '../tags/find.ts';
import { highestFirst } from '../tags/order.ts';
import { tagsByAge } from '../tags/newest.ts';
import type { Platform } from '../oci/platform.ts';
import type { Location } from '../transports/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { createLimiter, type Limiter } from '../util/limiter.ts';
import { fnv1a, mapName, nameBelow, type SourceName } from './naming.ts';
import { selectNames, selectTags, type Keeps } from './select.ts';
import type { SyncPlaces } from './places.ts';
import type { SyncJob } from './types.ts';

/** One image to copy. */
export interface WantedImage {
  /** Tag or digest at the source; undefined for the only image of a directory. */
  readonly ref: string | undefined;
  readonly tag: string | undefined;
}

/** Images of one source for one target. */
export interface PlannedRoute {
  readonly job: SyncJob;
  readonly source: Location;
  readonly target: Location;
  readonly images: readonly WantedImage[];
  /** All tags of the source, if they were listed. */
  readonly sourceTags: readonly string[] | undefined;
  /** Their names at this target, whether chosen or not; set only if tags are to be deleted. */
  readonly keptTags: ReadonlySet<string> | undefined;
}

/** A source that could not be listed. */
export interface FailedSource {
  readonly job: SyncJob;
  readonly source: string;
  readonly target: string;
  readonly error: AppError;
}

export interface SyncPlan {
  readonly routes: readonly PlannedRoute[];
  readonly failures: readonly FailedSource[];
}

export interface PlanOptions extends CallOptions {
  readonly places: SyncPlaces;
  /** Concurrent requests to one registry. */
  readonly concurrency: number;
  /** A filter on what the jobs choose. */
  readonly filter?: Keeps | undefined;
  readonly shard?: { readonly index: number; readonly count: number } | undefined;
  readonly host: Platform;
  readonly stopAtFirst?: boolean | undefined;
  warn(text: string): void;
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
    const routes = await Promise.all(candidates.map((one) => this.#routesOf(one)));
    const all = mergeRoutes(routes.flat());
    rejectCollisions(all);
    const { shard } = this.#options;
    const mine =
      shard === undefined
        ? all
        : all.filter(({ target }) => fnv1a(target.name) % shard.count === shard.index - 1);
    return { routes: mine, failures: this.#failures };
  }

  #checkNames(job: SyncJob): void {
    const { places } = this.#options;
    try {
      if (job.type === 'registry') places.registryOf(job.source);
      else places.locate(job.source);
      if (job.naming.style === 'exact' && job.type !== 'registry') places.locate(job.target);
      else this.#target(job, { host: 'h', path: 'p' }, 't');
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
      if (!(error instanceof AppError)) throw error;
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
    const { places, filter } = this.#options;
    const fixed = fixedImages(job, source);
    if (fixed !== undefined) return this.#routes(job, source, name, fixed, undefined);
    const limiter = this.#limiter(name?.host ?? source.scheme);
    return this.#attempt(job, source.name, [], () =>
      limiter.run(async () => {
        const store = await places.openRead(source, this.#options);
        try {
          const all = await Array.fromAsync(allTags(store, this.#options));
          const selection = await selectTags(job.tags);
          this.#warnLoose(job, all, selection);
          const chosen = all.filter(
            (tag) =>
              selection.keeps(tag) &&
              (filter === undefined || filter(tag)) &&
              !(job.skipDigestTags === true && isDigestTag(tag)),
          );
          const kept = await this.#newest(job, store, chosen);
          if (kept.length === 0)
            this.#options.warn(`${job.where}: no tag of ${source.name} matches`);
          const images = kept.map((tag) => ({ ref: tag, tag }));
          return this.#routes(job, source, name, images, all);
        } finally {
          await store[Symbol.asyncDispose]();
        }
      }, this.#options.signal),
    );
  }

  #warnLoose(
    job: SyncJob,
    all: readonly string[],
    { keeps, loose }: { keeps: Keeps; loose: Keeps | undefined },
  ): void {
    if (loose === undefined) return;
    const others = all.filter((tag) => loose(tag) !== keeps(tag));
    if (others.length === 0) return;
    const names = others.slice(0, 10).map(sanitize).join(', ');
    const more = others.length > 10 ? ` and ${others.length - 10} more` : '';
    this.#options.warn(
      `${job.where}: a pattern stands for the whole tag; without a group around its alternatives regsync takes ${names}${more} as well`,
    );
  }

  async #newest(
    job: SyncJob,
    store: ReadStore,
    tags: readonly string[],
  ): Promise<readonly string[]> {
    const { newest } = job;
    if (newest === undefined || tags.length <= newest) return tags;
    const byVersion = job.tags.some(
      (set) => set.semver !== undefined || (set.semverRange ?? []).length > 0,
    );
    if (byVersion) return highestFirst([...tags]).slice(0, newest);
    const { concurrency, signal, host } = this.#options;
    const { newestFirst, undated } = await tagsByAge(store, tags, {
      concurrency,
      signal,
      platform: undefined,
      host,
    });
    if (newestFirst.length === 0) {
      throw new AppError(
        'USAGE',
        `cannot choose the newest tags of ${store.label}: none has a date`,
        {
          hint: 'Choose by version: --semver "*"',
        },
      );
    }
    if (undated.length > 0)
      this.#options.warn(
        `tags without a date are left out of the newest: ${undated.map(sanitize).join(', ')}`,
      );
    return newestFirst.slice(0, newest);
  }

  #routes(
    job: SyncJob,
    source: Location,
    name: SourceName | undefined,
    images: readonly WantedImage[],
    sourceTags: readonly string[] | undefined,
  ): PlannedRoute[] {
    interface Route {
      readonly target: Location;
      readonly images: WantedImage[];
      readonly keptTags: Set<string> | undefined;
    }
    const byTarget = new Map<string, Route>();
    const at = (found: { readonly target: Location }): Route => {
      const key = `${found.target.scheme}:${found.target.name}`;
      const keptTags = job.delete === undefined ? undefined : new Set<string>();
      const route = byTarget.get(key) ?? { target: found.target, images: [], keptTags };
      byTarget.set(key, route);
      return route;
    };
    for (const { ref, tag } of images) {
      const found = this.#target(job, name, tag ?? ref);
      at(found).images.push({ ref, tag: found.tag });
    }
    for (const tag of job.delete === undefined ? [] : (sourceTags ?? [])) {
      const found = this.#target(job, name, tag);
      if (found.tag !== undefined) at(found).keptTags?.add(found.tag);
    }
    // A source without tags still has a target, which must not be emptied.
    if (byTarget.size === 0 && job.delete !== undefined) at(this.#target(job, name, undefined));
    return [...byTarget.values()].map((route) => ({ job, source, sourceTags, ...route }));
  }

  /** @throws AppError INVALID_REFERENCE, USAGE */
  #target(
    job: SyncJob,
    name: SourceName | undefined,
    ref: string | undefined,
  ): { readonly target: Location; readonly tag: string | undefined } {
    const { places } = this.#options;
    const { naming, target } = job;
    const base = target.replace(/\/+$/u, '');
    const tag = ref === undefined || isDigest(ref) ? undefined : ref;
    const suffix = naming.suffix ?? '';
    const mapped = name === undefined ? undefined : mapName(naming.map ?? [], name, tag);
    if (places.isDirectories(base)) {
      const below =
        name === undefined
          ? ''
          : (mapped?.name ??
            nameBelow(
              { ...naming, style: naming.style === 'exact' ? 'flat' : naming.style },
              name,
            ));
      const end = ref === undefined ? '' : isDigest(ref) ? `@${ref}` : `:${mapped?.tag ?? ref}`;
      return { target: places.locate(`${base}/${below}${end}${suffix}`), tag: undefined };
    }
    if (mapped !== undefined) {
      return {
        target: withoutRef(places.locate(`${base}/${mapped.name}`)),
        tag: mapped.tag === undefined ? undefined : mapped.tag + suffix,
      };
    }
    if (naming.style === 'exact' && job.type !== 'registry') {
      const exact = places.locate(target);
      const own =
        job.type === 'image'
          ? (exact.tag ?? (exact.ref === undefined ? (naming.defaultTag ?? tag) : undefined))
          : tag;
      return {
        target: exact.scheme === 'docker' ? withoutRef(exact) : { ...exact, ref: undefined },
        tag: own === undefined ? undefined : own + suffix,
      };
    }
    if (name === undefined)
      throw new AppError('USAGE', `cannot name a copy of ${job.source} below ${target}`);
    if (naming.style === 'scoped' && name.host.includes(':')) {
      throw new AppError(
        'USAGE',
        `cannot name a copy of ${name.host}/${name.path}: a repository cannot have a port in it`,
        {
          hint: `Choose the name: --map '${name.host}/*=${name.host.replaceAll(':', '-')}/$1'`,
        },
      );
    }
    const below =
      job.type === 'registry' && naming.style === 'exact'
        ? this.#belowPrefix(job, name)
        : nameBelow(naming, name);
    return {
      target: withoutRef(places.locate(`${base}/${below}`)),
      tag: tag === undefined ? (suffix === '' ? undefined : suffix) : tag + suffix,
    };
  }

  #belowPrefix(job: SyncJob, { path }: SourceName): string {
    const { prefix } = this.#options.places.registryOf(job.source);
    return path.startsWith(prefix) ? path.slice(prefix.length) : path;
  }
}

function wrongName(job: SyncJob, error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  return new AppError('USAGE', `cannot use ${sanitize(job.where)}: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}

function withoutRef(location: Location): Location {
  return { ...location, ref: undefined, tag: undefined, text: location.name };
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

/** Merges equal wishes of two jobs, so that an image is copied once. */
function mergeRoutes(routes: readonly PlannedRoute[]): PlannedRoute[] {
  const seen = new Set<string>();
  return routes.flatMap((route) => {
    const { source, target, job } = route;
    const images = route.images.filter(({ ref, tag }) => {
      const how = JSON.stringify([
        job.platforms,
        job.hostPlatform,
        job.referrers,
        job.digestTags,
        job.deep,
      ]);
      const key = `${source.scheme}:${source.name} ${ref} ${target.scheme}:${target.name} ${tag} ${how}`;
      return seen.size !== seen.add(key).size;
    });
    return images.length === 0 && route.images.length > 0 ? [] : [{ ...route, images }];
  });
}

/** @throws AppError USAGE that names both jobs */
function rejectCollisions(routes: readonly PlannedRoute[]): void {
  const sources = new Map<string, string>();
  for (const { source, target, images } of routes) {
    for (const { ref, tag } of images) {
      if (tag === undefined && target.scheme !== 'dir') continue;
      const name = `${target.name}${tag === undefined ? '' : `:${tag}`}`;
      const from = nameOf(source, ref);
      const other = sources.get(name);
      if (other !== undefined && other !== from) {
        throw new AppError('USAGE', `cannot copy both ${other} and ${from} to ${name}`, {
          hint: 'Give them names of their own: --keep-path, --scoped or --map.',
        });
      }
      sources.set(name, from);
    }
  }
}

/** Formats a name: "host/repo:tag" or "host/repo@sha256:…". */
export function nameOf({ name }: Location, ref: string | undefined): string {
  if (ref === undefined) return name;
  return `${name}${isDigest(ref) ? '@' : ':'}${ref}`;
}
