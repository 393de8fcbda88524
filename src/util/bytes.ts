/** Bytes cross every boundary as a pull-based iterable, which gives back-pressure for free. */
export type Bytes = AsyncIterable<Uint8Array>;

/** ES2024, which every supported Node has. */
type TransferableBuffer = ArrayBuffer & { transfer(size: number): ArrayBuffer };

/**
 * Frees a chunk that nobody uses any more; the garbage collector would let tens of megabytes gather.
 * Only if the chunk is all of its buffer: else it shares it with the next chunk, or with Node's pool.
 */
export function freeBuffer({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength)
    (buffer as TransferableBuffer).transfer(0);
}

/** Collects at most `max` bytes; throws `tooLarge()` as soon as more arrive. */
export async function collect(
  bytes: Bytes,
  max: number,
  tooLarge: () => Error,
): Promise<Uint8Array> {
  const gathered = new ByteBuffer();
  for await (const chunk of bytes) {
    if (gathered.size + chunk.byteLength > max) throw tooLarge();
    gathered.add(chunk);
  }
  return gathered.bytes();
}

const FIRST_ROOM = 16 * 1024;

/** Collects chunks in one buffer: a million one-byte chunks take a megabyte, not a million objects. */
export class ByteBuffer {
  #buffer: Uint8Array | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first chunk is kept as it is and copied only when a second one comes. */
  add(chunk: Uint8Array): void {
    const end = this.#size + chunk.byteLength;
    if (this.#buffer === undefined) {
      this.#buffer = chunk;
    } else {
      if (end > this.#buffer.byteLength) this.#grow(end);
      this.#buffer.set(chunk, this.#size);
    }
    this.#size = end;
  }

  /** Returned without a copy if little of the buffer is unused. */
  bytes(): Uint8Array {
    const buffer = this.#buffer ?? new Uint8Array();
    const all = buffer.subarray(0, this.#size);
    return this.#size * 1.25 < buffer.byteLength ? all.slice() : all;
  }

  #grow(least: number): void {
    const grown = new Uint8Array(Math.max(2 * least, FIRST_ROOM));
    grown.set((this.#buffer ?? new Uint8Array()).subarray(0, this.#size));
    this.#buffer = grown;
  }
}

export function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0];
  const out = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    out.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return out;
}

/** One buffer as `Bytes`, from an offset. */
export async function* bytesOf(data: Uint8Array, from = 0): Bytes {
  if (from < data.byteLength) yield from === 0 ? data : data.subarray(from);
}

/**
 * The same bytes; `close` is called as soon as their reader stops early. A generator alone cannot do
 * that: until its first chunk is asked for, it runs no `finally`.
 */
export function closedBy(bytes: Bytes, close: () => void | Promise<void>): Bytes {
  return {
    [Symbol.asyncIterator]() {
      const inner = bytes[Symbol.asyncIterator]();
      return {
        next: () => inner.next(),
        async return() {
          await inner.return?.();
          await close();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** Reads to the end and discards everything. */
export async function drain(items: AsyncIterable<unknown>): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  for (let next = await iterator.next(); next.done !== true;) next = await iterator.next();
}

/** Hashes the skipped bytes too: a resumed read is verified as a whole. */
export function skipBytes(bytes: Bytes, count: number): Bytes {
  return count === 0 ? bytes : skipSome(bytes, count);
}

async function* skipSome(bytes: Bytes, count: number): Bytes {
  let left = count;
  for await (const chunk of bytes) {
    const cut = Math.min(left, chunk.byteLength);
    left -= cut;
    if (cut < chunk.byteLength) yield cut === 0 ? chunk : chunk.subarray(cut);
  }
}
