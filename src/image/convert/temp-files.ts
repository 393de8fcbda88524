import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withTemporaryErrors } from '../../util/errno.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { Temporaries } from '../../util/temporaries.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * A private directory for temporary files: created with the first file, removed with its content.
 */
export class TempFiles implements AsyncDisposable {
  readonly #parent: string;
  readonly #temporaries: () => Promise<Temporaries>;
  #folder: Promise<string> | undefined;
  #count = 0;

  constructor(parent: string, temporaries: () => Promise<Temporaries>) {
    this.#parent = parent;
    this.#temporaries = temporaries;
  }

  /** Writes a new file; a failed one is removed. @throws AppError NO_SPACE, IO */
  async write(bytes: Bytes): Promise<string> {
    this.#folder ??= this.#make();
    const path = join(await this.#folder, String((this.#count += 1)));
    const file = await withTemporaryErrors(dirname(path), () => open(path, 'wx', 0o600));
    try {
      for await (const chunk of bytes)
        await withTemporaryErrors(dirname(path), () => file.writeFile(chunk));
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return path;
  }

  /** mkdtemp creates it with access only for its owner. */
  async #make(): Promise<string> {
    const temporaries = await this.#temporaries();
    await temporaries.sweep(this.#parent);
    const path = join(this.#parent, temporaries.prefix);
    return withTemporaryErrors(dirname(path), () => mkdtemp(path));
  }

  /** @throws AppError IO */
  async *read(path: string, from: number, signal: AbortSignal | undefined): Bytes {
    const file: FileHandle = await withTemporaryErrors(dirname(path), () => open(path, 'r'));
    try {
      for (let at = from; ;) {
        signal?.throwIfAborted();
        const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
        const offset = at;
        const { bytesRead } = await withTemporaryErrors(dirname(path), () =>
          file.read(buffer, 0, CHUNK_BYTES, offset),
        );
        if (bytesRead === 0) return;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
