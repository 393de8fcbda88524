import { withTaskGroup } from '../../copy/engine/task-group.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Location } from '../../transports/types.ts';
import { nameOf, type PlannedRoute, type SyncPlan } from '../plan/types.ts';
import type { ImageResult } from '../results.ts';
import { Lanes, type Lane } from './lanes.ts';
import { RouteRun } from './route-run.ts';
import { createBlobLedger, type BlobLedger } from './shared-blobs.ts';
import { openDestination, openSource } from './stores.ts';
import type { RunOptions } from './types.ts';
import { Disposables } from '../../store/disposables.ts';

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
  readonly #lanes: Lanes;
  readonly #stop = new AbortController();
  readonly results: ImageResult[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
    this.#lanes = new Lanes(options);
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
    const byTarget = new Map<string, readonly Promise<void>[]>();
    const started = routes.map((route) => {
      const lane = this.#lanes.of(route);
      // A job may read images that an earlier job wrote.
      const before = byTarget.get(placeOf(route.source)) ?? [];
      const run = async (): Promise<void> => {
        await Promise.allSettled(before);
        await lane.routes.run(() => this.#route(route, lane), this.#options.signal);
      };
      const running = run();
      const target = placeOf(route.target);
      byTarget.set(target, [...(byTarget.get(target) ?? []), running]);
      return running;
    });
    const settled = await Promise.allSettled(started);
    this.#options.signal?.throwIfAborted();
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
  }

  async #route(route: PlannedRoute, lane: Lane): Promise<void> {
    if (this.#stop.signal.aborted || route.images.length === 0) return;
    try {
      const { signal } = this.#options;
      await using stores = new Disposables();
      const source = stores.use(await openSource(route, this.#options, stores));
      const destination = stores.use(await openDestination(route, this.#options));
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
}
