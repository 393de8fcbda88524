import type { Source } from '../../store/types.ts';
import { passedThrough } from '../../store/verify.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { Limiter } from '../../util/limiter.ts';
import type { Side } from './errors.ts';

export type Sides = Readonly<Record<Side, Limiter>>;

/**
 * The slots of one content on its way. It holds one of the destination, except while the source is
 * asked; and one of the source from then to its last byte. Who holds the source's may wait for the
 * destination's and never the other way round, so that no two wait for each other.
 */
export class Passage implements AsyncDisposable {
  readonly #sides: Sides;
  readonly #signal: AbortSignal;
  readonly #held = new Map<Side, () => void>();
  readonly #taking = new Map<Side, Promise<void>>();
  #openings = 0;
  #isBoth = false;
  #isOver = false;

  constructor(sides: Sides, signal: AbortSignal) {
    this.#sides = sides;
    this.#signal = signal;
  }

  /** Waits for the first slot; for both, and until the end, when `both`. */
  async enter(both: boolean): Promise<void> {
    this.#isBoth = both;
    if (both) await this.#take('source');
    await this.#take('destination');
  }

  /** `source`, whose openings wait for their slot. */
  through(source: Source): Source {
    if (this.#isBoth) return source;
    return {
      descriptor: source.descriptor,
      open: async (options) => {
        this.#openings += 1;
        const opening = this.#openings;
        if (!this.#held.has('source')) {
          this.#give('destination');
          await this.#take('source');
        }
        try {
          const bytes = await source.open(options);
          return passedThrough(bytes, (all) => this.#toTheEnd(all, opening));
        } finally {
          await this.#take('destination');
        }
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#give('source');
    this.#give('destination');
  }

  async *#toTheEnd(bytes: Bytes, opening: number): Bytes {
    try {
      yield* bytes;
    } finally {
      if (opening === this.#openings) this.#give('source');
    }
  }

  /** Openings that wait for the same slot get the same one: it is never waited for while it is held. */
  async #take(side: Side): Promise<void> {
    if (this.#held.has(side)) return;
    const taking = this.#taking.get(side) ?? this.#enter(side);
    this.#taking.set(side, taking);
    await taking;
  }

  async #enter(side: Side): Promise<void> {
    try {
      const leave = await this.#sides[side].enter(this.#signal);
      // An opening may be given up while it waits.
      if (this.#isOver) leave();
      else this.#held.set(side, leave);
    } finally {
      this.#taking.delete(side);
    }
  }

  #give(side: Side): void {
    const leave = this.#held.get(side);
    this.#held.delete(side);
    leave?.();
  }
}
