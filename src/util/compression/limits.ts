import type { Bytes } from '../bytes.ts';
import type { DecompressionLimits } from './types.ts';

/** Counts a decoder's input and output, and stops a decompression bomb. */
export class OutputLimits {
  readonly #limits: DecompressionLimits;
  #taken = 0;
  #given = 0;

  constructor(limits: DecompressionLimits) {
    this.#limits = limits;
  }

  get inputBytes(): number {
    return this.#taken;
  }

  get outputBytes(): number {
    return this.#given;
  }

  /** The compressed bytes, counted. */
  async *countInput(bytes: Bytes): Bytes {
    for await (const chunk of bytes) {
      this.#taken += chunk.byteLength;
      yield chunk;
    }
  }

  /** @throws the error of `fail` for a chunk beyond the limits */
  addOutput(chunk: Uint8Array): void {
    const { maxBytes, maxRatio, ratioFrom, fail } = this.#limits;
    this.#given += chunk.byteLength;
    if (this.#given > maxBytes) throw fail(`it grows beyond ${maxBytes} bytes`);
    if (this.#given > ratioFrom && this.#given > this.#taken * maxRatio)
      throw fail(`it grows to more than ${maxRatio} times its size`);
  }

  async *limitOutput(bytes: Bytes): Bytes {
    for await (const chunk of bytes) {
      this.addOutput(chunk);
      yield chunk;
    }
  }
}
