import type { FileHandle } from 'node:fs/promises';
import type { Limiter } from '../../util/limiter.ts';
import { withDiskErrors } from './disk.ts';

/** Bytes that may wait for the disk while more are fetched. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** With small chunks, the objects take more memory than the bytes. */
const MAX_WAITING_CHUNKS = 64;
/** Smaller chunks are copied, so that they can be written together. */
const LARGE_CHUNK_BYTES = 256 * 1024;
/** Data is synced in steps of this many bytes, rather than all at the end. */
const SYNC_BYTES = 32 * 1024 * 1024;

/**
 * Appends to a new file. Small chunks are written together while the caller fetches the next data,
 * and a long file is synced as it grows, so that little is left for `sync`. After an error, every
 * later call fails with it, because a disk reports lost data only once.
 */
export class Appender {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #syncs: Limiter;
  #end = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #unsynced = 0;
  #failure: { readonly error: unknown } | undefined;

  /** `syncs` limits concurrent syncs: each one blocks a thread that could read or write. */
  constructor(file: FileHandle, path: string, syncs: Limiter) {
    this.#file = file;
    this.#path = path;
    this.#syncs = syncs;
  }

  /**
   * Resolves when there is room for more; the memory of the chunk may then be used again.
   * @throws AppError NO_SPACE, IO, for this chunk or an earlier one
   */
  async write(chunk: Uint8Array): Promise<void> {
    this.#check();
    const isLarge = chunk.byteLength >= LARGE_CHUNK_BYTES;
    this.#waiting.push(isLarge ? chunk : Buffer.from(chunk));
    this.#waitingBytes += chunk.byteLength;
    this.#writing ??= this.#drain();
    if (isLarge || this.#isFull()) await this.#writing;
    this.#check();
  }

  /** Resolves when all data is in the file. @throws as `write` */
  async flush(): Promise<void> {
    await this.#writing;
    this.#check();
  }

  /** Resolves when all data is on the disk. @throws as `write` */
  async sync(): Promise<void> {
    await this.flush();
    await this.#syncing;
    this.#check();
    await withDiskErrors(this.#path, () => this.#file.sync());
  }

  /** Drops everything after the first `size` bytes. @throws as `write` */
  async truncate(size: number): Promise<void> {
    await this.flush();
    await withDiskErrors(this.#path, () => this.#file.truncate(size));
    this.#end = size;
  }

  /** Closes the file once no write is in progress; waiting chunks are dropped. */
  async close(): Promise<void> {
    this.#failure ??= { error: new Error(`${this.#path} is closed`) };
    await this.#writing;
    await this.#syncing;
    await this.#file.close();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0 && this.#failure === undefined) await this.#writeWaiting();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#writing = undefined;
  }

  async #writeWaiting(): Promise<void> {
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (let left = chunks; left.length > 0;) {
      const { bytesWritten } = await withDiskErrors(this.#path, () =>
        this.#file.writev(left, this.#end),
      );
      this.#end += bytesWritten;
      this.#unsynced += bytesWritten;
      left = after(left, bytesWritten);
    }
    if (this.#unsynced >= SYNC_BYTES) this.#syncing ??= this.#syncSoFar();
  }

  async #syncSoFar(): Promise<void> {
    try {
      await this.#syncs.run(async () => {
        if (this.#failure !== undefined) return;
        this.#unsynced = 0;
        await withDiskErrors(this.#path, () => this.#file.datasync());
      });
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#syncing = undefined;
  }

  #isFull(): boolean {
    return this.#waitingBytes > MAX_WAITING_BYTES || this.#waiting.length > MAX_WAITING_CHUNKS;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** The chunks without their first `count` bytes. */
function after(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  return chunks.flatMap((chunk) => {
    const cut = Math.min(skip, chunk.byteLength);
    skip -= cut;
    return cut === chunk.byteLength ? [] : [chunk.subarray(cut)];
  });
}
