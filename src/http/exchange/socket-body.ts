import type { Connection } from '../sockets/connection.ts';
import type { ResponseBody } from './types.ts';

/** The body of an answer on a connection, which is given back after the last byte. */
export class SocketBody implements ResponseBody, AsyncIterator<Uint8Array, undefined> {
  readonly #connection: Connection;
  readonly #reuse: boolean;
  readonly #done: () => void;
  /** What came with the head. */
  #first: Buffer | undefined;
  #left: number;
  #failure: Error | undefined;
  #isWaking = false;
  #wake: () => void = () => undefined;

  constructor(
    connection: Connection,
    length: number,
    first: Buffer,
    reuse: boolean,
    done: () => void,
  ) {
    this.#connection = connection;
    this.#left = length;
    this.#reuse = reuse;
    this.#done = done;
    if (first.byteLength > 0) this.#first = first;
    connection.listen({
      arrived: () => this.#wakeSoon(),
      ended: (error) => {
        this.#failure ??= error;
        this.#wakeSoon();
      },
    });
    if (length === 0) this.#finish(first.byteLength > 0);
  }

  /** Bytes that are not read. */
  get left(): number {
    return this.#left;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      if (this.#left === 0) return { done: true, value: undefined };
      const bytes = this.#first ?? this.#connection.take();
      this.#first = undefined;
      if (bytes !== undefined) return { done: false, value: this.#pass(bytes) };
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.destroy();
    return { done: true, value: undefined };
  }

  destroy(error: Error = new Error('the answer was let go')): void {
    if (this.#left === 0) return;
    this.#failure = error;
    this.#first = undefined;
    this.#connection.destroy(error);
    this.#wake();
  }

  /** The last chunk is copied: its reader may keep it while the connection has another answer. */
  #pass(bytes: Buffer): Uint8Array {
    const chunk = bytes.subarray(0, this.#left);
    this.#left -= chunk.byteLength;
    if (this.#left > 0) return this.#reuse ? chunk : Buffer.from(chunk);
    const copy = Buffer.from(chunk);
    this.#finish(bytes.byteLength > chunk.byteLength);
    return copy;
  }

  #finish(tooMuch: boolean): void {
    if (tooMuch) this.#connection.destroy();
    this.#done();
  }

  /** After everything that arrives in this turn: TLS passes on 16 KiB at a time. */
  #wakeSoon(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    setImmediate(() => {
      this.#isWaking = false;
      this.#wake();
    });
  }
}
