import type { Bytes } from '../bytes.ts';

const ROOM_BYTES = 256 * 1024;

/** Carries bytes from a writer to a reader, with back-pressure. */
export class BytePipe {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #isEnded = false;
  #error: Error | undefined;
  /** The side that waits for a change. */
  #waiting: (() => void)[] = [];

  /** Can be read once. @throws the error given to `fail` */
  async *read(): Bytes {
    for (;;) {
      this.#check();
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#size -= chunk.byteLength;
        this.#wake();
        yield chunk;
      } else if (this.#isEnded) return;
      else await this.#change();
    }
  }

  /** Resolves when there is room for more; the chunk is kept until it is read. @throws as `read` */
  async write(bytes: Uint8Array): Promise<void> {
    this.#check();
    this.#chunks.push(bytes);
    this.#size += bytes.byteLength;
    this.#wake();
    while (this.#size > ROOM_BYTES && this.#error === undefined) await this.#change();
    this.#check();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /** Ends both sides: reads and writes throw `error`. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#wake();
  }

  #check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
