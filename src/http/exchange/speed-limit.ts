/** Least speed of a transfer, over windows in which somebody waits for the other side. */
export interface SpeedLimit {
  /** Bytes a second; 0: no limit. */
  readonly minSpeed: number;
  /** Milliseconds. */
  readonly windowMs: number;
}

/** Counts what one transfer moves while it is waited for; time spent elsewhere is not counted. */
export class SpeedMonitor {
  readonly #limit: SpeedLimit;
  #bytes = 0;
  #waitedMs = 0;

  constructor(limit: SpeedLimit) {
    this.#limit = limit;
  }

  /** Whether the window that ends here, if one does, was slower than the limit. */
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

/** A piece should be taken in about so long, so that a slow link is told from one that stalls. */
const CHUNK_MS = 1000;
const FIRST_CHUNK = 16 * 1024;
const MIN_CHUNK = 1024;
const MAX_CHUNK = 16 * 1024 * 1024;

/** Sizes of what is handed to a connection at a time: small at first, and as large as it is quick. */
export class ChunkSizer {
  #size = FIRST_CHUNK;

  /** The chunk itself where it is small enough. */
  *chunksOf(chunk: Uint8Array): Iterable<Uint8Array> {
    for (let at = 0; at < chunk.byteLength;) {
      const end = Math.min(chunk.byteLength, at + this.#size);
      yield at === 0 && end === chunk.byteLength ? chunk : chunk.subarray(at, end);
      at = end;
    }
  }

  /** How long the last piece took to be taken. */
  report(ms: number): void {
    const next = ms < CHUNK_MS ? this.#size * 2 : this.#size / 2;
    this.#size = Math.min(MAX_CHUNK, Math.max(MIN_CHUNK, next));
  }
}
