import { maxInFlight } from '../../copy/engine/slots.ts';
import { createLimiter, type Limiter } from '../../util/limiter.ts';
import type { PlannedRoute } from '../plan/types.ts';
import type { RunOptions } from './types.ts';

/** A pair of registries: its slots, and a limit of concurrent images. */
export interface Lane {
  readonly routes: Limiter;
  readonly images: Limiter;
  readonly slots: { readonly source: Limiter; readonly destination: Limiter };
}

/** Gives each pair of registries its own lane, so that a slow one delays no other. */
export class Lanes {
  readonly #options: RunOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #slots = new Map<string, Limiter>();

  constructor(options: RunOptions) {
    this.#options = options;
  }

  of({ source, target }: PlannedRoute): Lane {
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

  #limiter(key: string): Limiter {
    const known = this.#slots.get(key) ?? createLimiter(Math.max(1, this.#options.concurrency));
    this.#slots.set(key, known);
    return known;
  }
}
