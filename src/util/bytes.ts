/** Bytes cross every boundary as a pull-based iterable, so back-pressure is free. */
export type Bytes = AsyncIterable<Uint8Array>;

/** Collects at most `max` bytes; throws `tooLarge()` as soon as more arrive. */
export async function collect(
  bytes: Bytes,
  max: number,
  tooLarge: () => Error,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.byteLength;
    if (size > max) throw tooLarge();
    chunks.push(chunk);
  }
  return concat(chunks, size);
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

/** Takes everything and keeps nothing. */
export async function drain(items: AsyncIterable<unknown>): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  for (let next = await iterator.next(); next.done !== true;) next = await iterator.next();
}
