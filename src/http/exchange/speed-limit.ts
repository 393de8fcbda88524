/** Minimum speed of a transfer, over windows in which the other side is waited for. */
export interface SpeedLimit {
  /** Bytes per second; 0: no limit. */
  readonly minSpeed: number;
  /** Milliseconds. */
  readonly windowMs: number;
}

/** Counts the bytes of one transfer while it is waited for; other time is not counted. */
export class SpeedMonitor {
  readonly #limit: SpeedLimit;
  #bytes = 0;
  #waitedMs = 0;

  constructor(limit: SpeedLimit) {
    this.#limit = limit;
  }

  /** Whether the window that ends now, if one does, was slower than the limit. */
  isSlow(bytes: number, waitedMs: number): boolean {
    this.#bytes += bytes;
    this.#waitedMs += Math.max(0, waitedMs);
    if (this.#waitedMs < this.#limit.windowMs) return false;
    const slow = this.#bytes < (this.#limit.minSpeed * this.#waitedMs) / 1000;
    this.#bytes = 0;
    this.#waitedMs = 0;
    return slow;
  }
}

/** Target time for one chunk, so that a slow link is not mistaken for a stalled one. */
const CHUNK_MS = 1000;
const FIRST_CHUNK = 16 * 1024;
const MIN_CHUNK = 1024;
const MAX_CHUNK = 16 * 1024 * 1024;

/** Adapts the chunk size to the connection: small at first, larger while it is fast. */
export class ChunkSizer {
  #size = FIRST_CHUNK;

  /** Yields the chunk itself if it is small enough. */
  *chunksOf(chunk: Uint8Array): Iterable<Uint8Array> {
    for (let at = 0; at < chunk.byteLength;) {
      const end = Math.min(chunk.byteLength, at + this.#size);
      yield at === 0 && end === chunk.byteLength ? chunk : chunk.subarray(at, end);
      at = end;
    }
  }

  /** Reports how long the last piece took. */
  report(ms: number): void {
    const next = ms < CHUNK_MS ? this.#size * 2 : this.#size / 2;
    this.#size = Math.min(MAX_CHUNK, Math.max(MIN_CHUNK, next));
  }
}
