import type { FileHandle } from 'node:fs/promises';
import type { Bytes } from '../../util/bytes.ts';
import { withDiskErrors, bufferProvider, type ReadOptions } from '../files/disk.ts';

const CHUNK_BYTES = 1024 * 1024;

/** A file that can be read at any offset. */
export interface RandomAccess {
  readonly size: number;
  /** At most `length` bytes from `position`; fewer only at the end of the file. */
  read(position: number, length: number, buffers?: BufferProvider): Promise<Uint8Array>;
}

/** Provides a buffer of at least `length` bytes to read into. */
export type BufferProvider = (length: number) => Buffer;

/** How a region is read. */
export type RegionOptions = Pick<ReadOptions, 'signal' | 'reuseChunks'>;

/** @throws AppError IO naming `path` */
export async function readAt(
  file: FileHandle,
  path: string,
  position: number,
  length: number,
  buffers: BufferProvider = bufferProvider(false),
): Promise<Uint8Array> {
  const buffer = buffers(length);
  let filled = 0;
  while (filled < length) {
    const at = position + filled;
    const { bytesRead } = await withDiskErrors(path, () =>
      file.read(buffer, filled, length - filled, at),
    );
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** The bytes of a region, in chunks; fewer if the file ends early. */
export async function* readRegion(
  file: RandomAccess,
  offset: number,
  size: number,
  { signal, reuseChunks }: RegionOptions = {},
): Bytes {
  const room = bufferProvider(reuseChunks);
  for (let done = 0; done < size;) {
    signal?.throwIfAborted();
    const chunk = await file.read(offset + done, Math.min(CHUNK_BYTES, size - done), room);
    if (chunk.byteLength === 0) return;
    done += chunk.byteLength;
    yield chunk;
  }
}
