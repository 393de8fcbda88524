import type { Source } from '../../store/types.ts';
import { createLimiter } from '../../util/limiter.ts';
import type { CopySide } from './errors.ts';
import { type SlotLimiters, TransferSlots } from './transfer-slots.ts';

/** Blobs of at least this size count as large. */
const LARGE_BYTES = 8 * 1024 * 1024;

/** Blobs of at least this size use both sides at once for most of their transfer. */
const LONG_BYTES = 1024 * 1024;

/**
 * A smaller blob uses one side at a time, so more of them can be in flight than a side has slots.
 */
const IN_FLIGHT_PER_SLOT = 2;

/** Limits the concurrent requests to each side, whatever their purpose. */
export interface Slots {
  /** Runs a request to `side` when it has a free slot. */
  on<T>(side: CopySide, task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Runs the transfer of a blob; `task` must read it from the source that it is given. */
  transfer<T>(
    source: Source,
    task: (source: Source) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
}

/**
 * The maximum of nodes in flight with `limit` slots per side. A limit of one means strictly one
 * after the other.
 */
export function maxInFlight(limit: number): number {
  return limit > 1 ? IN_FLIGHT_PER_SLOT * limit : 1;
}

/**
 * Creates `limit` slots per side. Large blobs get half of them: one fills its connection by itself,
 * and fewer buffers are in use. `shared`: slots that other copies also use.
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
      // Taken first, so that no general slot is held while waiting.
      return size < LARGE_BYTES ? turn() : large.run(turn, signal);
    },
  };
}
