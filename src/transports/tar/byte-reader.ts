import { concat, type Bytes } from '../../util/bytes.ts';
import type { TarInput } from './members.ts';

/** Reads a stream in parts: bytes at once, a part as a stream, or skipped. */
export class ByteReader implements TarInput {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(bytes: Bytes) {
    this.#iterator = bytes[Symbol.asyncIterator]();
  }

  get position(): number {
    return this.#position;
  }

  async take(length: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    while (size < length) {
      const piece = await this.#next(length - size);
      if (piece === undefined) break;
      pieces.push(piece);
      size += piece.byteLength;
    }
    return concat(pieces, size);
  }

  /** The next `length` bytes; fewer if the stream ends early. */
  async *pass(length: number): Bytes {
    for (let left = length; left > 0;) {
      const piece = await this.#next(left);
      if (piece === undefined) return;
      left -= piece.byteLength;
      yield piece;
    }
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  async #next(max: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.byteLength === 0) {
      const next = await this.#iterator.next();
      if (next.done === true) return undefined;
      this.#chunk = next.value;
    }
    const piece = this.#chunk.subarray(0, max);
    this.#chunk = this.#chunk.subarray(piece.byteLength);
    this.#position += piece.byteLength;
    return piece;
  }
}
