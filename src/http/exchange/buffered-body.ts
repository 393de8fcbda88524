import type { ResponseBody } from './types.ts';

/** The source of the bytes. */
export interface FlowControl {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** Buffered without a reader: most answers are shorter, and so free their connection themselves. */
const HIGH_WATER_MARK = 1024 * 1024;

/** Buffers the body of an answer, whose bytes are pushed, until it is read. */
export class BufferedBody implements ResponseBody {
  readonly #flow: FlowControl;
  #waiting: Uint8Array[] = [];
  #size = 0;
  #paused = false;
  #ended = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(flow: FlowControl) {
    this.#flow = flow;
  }

  /** Nothing is left to read. */
  get done(): boolean {
    return this.#ended && this.#waiting.length === 0;
  }

  push(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#waiting.push(chunk);
    this.#size += chunk.byteLength;
    if (this.#size > HIGH_WATER_MARK && !this.#paused) {
      this.#paused = true;
      this.#flow.pause();
    }
    this.#wake();
  }

  /** The answer is complete or failed. Only the first call counts. */
  end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake();
  }

  /** Drops the buffer, and the connection if the answer is not complete. */
  destroy(reason?: Error): void {
    this.#waiting = [];
    if (this.#ended) return;
    // Every answer that was read ends here, and an error with its stack costs time.
    const error = reason ?? new Error('the answer was let go');
    this.end(error);
    this.#flow.abort(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) {
        const chunk = this.#waiting.shift();
        if (chunk === undefined) {
          if (this.#failure !== undefined) throw this.#failure;
          if (this.#ended) return;
          await new Promise<void>((resolve) => (this.#wake = resolve));
        } else {
          this.#size -= chunk.byteLength;
          this.#flowAgain();
          yield chunk;
        }
      }
    } finally {
      this.destroy();
    }
  }

  #flowAgain(): void {
    if (!this.#paused || this.#size > HIGH_WATER_MARK / 2) return;
    this.#paused = false;
    this.#flow.resume();
  }
}
