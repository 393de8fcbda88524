import type { ResponseBody } from './types.ts';

/** Where the bytes come from. */
export interface FlowControl {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** Taken without a reader: most answers are shorter, and free their connection by themselves. */
const HIGH_WATER_MARK = 1024 * 1024;

/** The body of an answer whose bytes are pushed as they come: they wait here for their reader. */
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

  /** The answer is complete, or broke. The first end counts. */
  end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake();
  }

  /** Drops what waits and the connection, if the answer is not complete. */
  destroy(error: Error = new Error('the answer was let go')): void {
    this.#waiting = [];
    if (this.#ended) return;
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
