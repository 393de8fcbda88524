import type { Source } from '../../store/types.ts';
import { mapVerified } from '../../store/verify.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { Limiter } from '../../util/limiter.ts';
import type { CopySide } from './errors.ts';

export type SlotLimiters = Readonly<Record<CopySide, Limiter>>;

/**
 * The slots of one content on its way. It holds one of the destination, except while the source is
 * asked; and one of the source from then to its last byte. Who holds the source's may wait for the
 * destination's and never the other way round, so that no two wait for each other.
 */
export class TransferSlots implements AsyncDisposable {
  readonly #limiters: SlotLimiters;
  readonly #signal: AbortSignal;
  readonly #held = new Map<CopySide, () => void>();
  readonly #taking = new Map<CopySide, Promise<void>>();
  #openings = 0;
  #isBoth = false;
  #isOver = false;

  constructor(sides: SlotLimiters, signal: AbortSignal) {
    this.#limiters = sides;
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
          this.#release('destination');
          await this.#take('source');
        }
        try {
          return whenOver(await source.open(options), () => {
            if (opening === this.#openings) this.#release('source');
          });
        } finally {
          await this.#take('destination');
        }
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#release('source');
    this.#release('destination');
  }

  /** Openings that wait for the same slot get the same one: it is never waited for while it is held. */
  async #take(side: CopySide): Promise<void> {
    if (this.#held.has(side)) return;
    const taking = this.#taking.get(side) ?? this.#enter(side);
    this.#taking.set(side, taking);
    await taking;
  }

  async #enter(side: CopySide): Promise<void> {
    try {
      const leave = await this.#limiters[side].enter(this.#signal);
      // An opening may be given up while it waits.
      if (this.#isOver) leave();
      else this.#held.set(side, leave);
    } finally {
      this.#taking.delete(side);
    }
  }

  #release(side: CopySide): void {
    const leave = this.#held.get(side);
    this.#held.delete(side);
    leave?.();
  }
}

/** The same bytes; `over` is called at their end, with how they failed if they did. */
export function whenOver(
  bytes: Bytes,
  over: (failure: { readonly error: unknown } | undefined) => void,
): Bytes {
  return mapVerified(bytes, async function* (all) {
    let failure: { readonly error: unknown } | undefined;
    try {
      yield* all;
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      over(failure);
    }
  });
}
