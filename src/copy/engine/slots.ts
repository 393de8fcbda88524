import type { Source } from '../../store/types.ts';
import { createLimiter } from '../../util/limiter.ts';
import type { CopySide } from './errors.ts';
import { type SlotLimiters, TransferSlots } from './transfer-slots.ts';

/** Contents from this size on count as large. */
const LARGE_BYTES = 8 * 1024 * 1024;

/** Contents from this size on are on both sides at once for most of their time. */
const LONG_BYTES = 1024 * 1024;

/** A content below that is on one side at a time: so many more are under way than a side has slots. */
const IN_FLIGHT_PER_SLOT = 2;

/** Each side has slots for so many requests at a time, whatever they are for. */
export interface Slots {
  /** Runs a request to `side` when it has a slot. */
  on<T>(side: CopySide, task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Runs the transfer of a content, which has to be read from the source that `task` is given. */
  transfer<T>(
    source: Source,
    task: (source: Source) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
}

/** How many nodes are worked on with `limit` slots a side. Who asks for one wants one after the other. */
export function maxInFlight(limit: number): number {
  return limit > 1 ? IN_FLIGHT_PER_SLOT * limit : 1;
}

/**
 * `limit` slots a side. Large contents have half of them: one fills its connection by itself,
 * and fewer buffers are under way. `shared`: slots that other copies have as well.
 */
export function createSlots(limit: number, shared?: SlotLimiters): Slots {
  const most = Math.max(1, limit);
  const sides = shared ?? { source: createLimiter(most), destination: createLimiter(most) };
  const transfers = createLimiter(maxInFlight(limit));
  const large = createLimiter(Math.max(1, Math.ceil(limit / 2)));
  return {
    on: (side, task, signal) => sides[side].run(task, signal),
    transfer(source, task, signal) {
      const { size } = source.descriptor;
      const turn = (): ReturnType<typeof task> =>
        transfers.run(async () => {
          await using passage = new TransferSlots(sides, signal);
          await passage.enter(size >= LONG_BYTES);
          return await task(passage.through(source));
        }, signal);
      // Asked for first: a slot of all is never held while waiting.
      return size < LARGE_BYTES ? turn() : large.run(turn, signal);
    },
  };
}
