import type { Source } from '../../store/types.ts';
import { mapVerified } from '../../store/verify.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { Limiter } from '../../util/limiter.ts';
import type { CopySide } from './errors.ts';

export type SlotLimiters = Readonly<Record<CopySide, Limiter>>;

/**
 * The slots of one blob in transfer. It holds a destination slot, except while it requests the
 * source, and a source slot from then to the last byte. A transfer that holds a source slot may
 * wait for a destination slot, but never the reverse, which prevents deadlocks.
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

  /** Waits for the first slot. If `both`, waits for both and holds them until the end. */
  async enter(both: boolean): Promise<void> {
    this.#isBoth = both;
    if (both) await this.#take('source');
    await this.#take('destination');
  }

  /** Wraps `source` so that each opening waits for its slot. */
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

  /**
   * Concurrent openings share one slot, so that no opening waits for a slot that is already held.
   */
  async #take(side: CopySide): Promise<void> {
    if (this.#held.has(side)) return;
    const taking = this.#taking.get(side) ?? this.#enter(side);
    this.#taking.set(side, taking);
    await taking;
  }

  async #enter(side: CopySide): Promise<void> {
    try {
      const leave = await this.#limiters[side].enter(this.#signal);
      // An opening may be abandoned while it waits.
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

/** Passes the bytes on and calls `over` at the end, with the error if there was one. */
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
