import { concat, type Bytes } from '../bytes.ts';
import type { DecompressionLimits } from './types.ts';

/**
 * Upper bound for a compressed bzip2 block: 900,001 symbols of 20 bits, and its tables. With that many
 * bytes buffered, decoding a block never waits for input.
 */
const LOOK_AHEAD = 2_400_000;

/** Reads bits, the most significant first, from buffered bytes. */
export class BitWindow {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #limits: DecompressionLimits;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #bit = 0;
  #ended = false;

  constructor(bytes: Bytes, limits: DecompressionLimits) {
    this.#source = bytes[Symbol.asyncIterator]();
    this.#limits = limits;
  }

  /** Buffers LOOK_AHEAD bytes, or all that are left. */
  async fill(): Promise<void> {
    let size = this.#bytes.byteLength - this.#at;
    if (this.#ended || size >= LOOK_AHEAD) return;
    const chunks = [this.#bytes.subarray(this.#at)];
    // Twice the size needed, so that the rest is copied once every few blocks only.
    while (size < 2 * LOOK_AHEAD && !this.#ended) {
      const next = await this.#source.next();
      if (next.done === true) this.#ended = true;
      else {
        chunks.push(next.value);
        size += next.value.byteLength;
      }
    }
    this.#bytes = concat(chunks, size);
    this.#at = 0;
  }

  /** Up to 24 bits; after the end they read as zeros. */
  peek(count: number): number {
    const bytes = this.#bytes;
    const at = this.#at;
    const word =
      ((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0);
    return (word << this.#bit) >>> (32 - count);
  }

  skip(count: number): void {
    const bits = this.#bit + count;
    this.#at += bits >> 3;
    this.#bit = bits & 7;
    if (this.#at < this.#bytes.byteLength) return;
    if (this.#at === this.#bytes.byteLength && this.#bit === 0) return;
    throw this.#ended ? this.#limits.fail('it is cut short') : this.damaged();
  }

  read(count: number): number {
    const value = this.peek(count);
    this.skip(count);
    return value;
  }

  read32(): number {
    return this.read(16) * 0x10000 + this.read(16);
  }

  align(): void {
    if (this.#bit > 0) this.#at += 1;
    this.#bit = 0;
  }

  /** Moves to the start of the next byte. Returns whether any input follows. */
  async skipZeros(): Promise<boolean> {
    for (;;) {
      await this.fill();
      while (this.#bytes[this.#at] === 0) this.#at += 1;
      if (this.#at < this.#bytes.byteLength) return true;
      if (this.#ended) return false;
    }
  }

  damaged(): Error {
    return this.#limits.fail('it is damaged');
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
