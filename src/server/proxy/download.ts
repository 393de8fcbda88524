import type { Digest } from '../../oci/digest.ts';
import type { ReadStore } from '../../store/types.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { RepositoryName } from '../names.ts';
import type { ByteRange, Storage } from '../storage/types.ts';

export interface DownloadOptions {
  readonly storage: Storage;
  readonly cache: RepositoryName;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly store: ReadStore;
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
}

/** A blob on its way from the upstream to the disk, which any number of clients read meanwhile. */
export class Download {
  readonly size: number;
  /** Resolves when the upstream has begun to send. Rejects as it does. */
  readonly started: Promise<void>;
  /** Resolves when the blob is verified and stored. */
  readonly stored: Promise<void>;
  readonly #options: DownloadOptions;
  #id = '';
  #written = 0;
  #isStored = false;
  #failure: { readonly error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.size = options.size;
    const opened = this.#open();
    this.started = opened.then(() => undefined);
    this.stored = this.#run(opened);
    // Whoever waits gets the failure; nobody may.
    this.started.catch(() => undefined);
    this.stored.catch(() => undefined);
  }

  /** Bytes as they arrive. The last one comes only when all are verified. */
  async *read({ first, last }: ByteRange): Bytes {
    for (let at = first; at <= last;) {
      // Both are read before the storage is: the download may end meanwhile.
      const changed = this.#changed.promise;
      const isStored = this.#isStored;
      const end = isStored ? last : Math.min(this.#written - 1, last, this.size - 2);
      const bytes = at > end ? undefined : await this.#stretch(isStored, { first: at, last: end });
      if (bytes === undefined) {
        if (this.#failure !== undefined) throw this.#failure.error;
        if (isStored) throw new Error(`${this.#options.digest} was removed while it was sent`);
        await changed;
        continue;
      }
      for await (const chunk of bytes) {
        at += chunk.byteLength;
        yield chunk;
      }
    }
  }

  #stretch(isStored: boolean, range: ByteRange): Promise<Bytes | undefined> {
    const { storage, cache, digest } = this.#options;
    return isStored
      ? storage.blobs.read(cache, digest, range)
      : storage.uploads.read(cache, this.#id, range);
  }

  async #open(): Promise<Bytes> {
    const { store, digest, size, signal } = this.#options;
    return store.fetch({ mediaType: 'application/octet-stream', digest, size }, { signal });
  }

  async #run(opened: Promise<Bytes>): Promise<void> {
    const { storage, cache, digest } = this.#options;
    const { uploads } = storage;
    try {
      const bytes = await opened;
      this.#id = await uploads.create(cache);
      await uploads.append(cache, this.#id, this.#counted(bytes));
      const outcome = await uploads.finish(cache, this.#id, digest);
      if (outcome.kind !== 'stored')
        throw new Error(`${digest} could not be stored: ${outcome.kind}`);
      this.#isStored = true;
    } catch (error) {
      this.#failure = { error };
      if (this.#id !== '') await uploads.cancel(cache, this.#id).catch(() => undefined);
      throw error;
    } finally {
      this.#wake();
    }
  }

  /** The storage asks for the next chunk when it has written the one before. */
  async *#counted(bytes: Bytes): Bytes {
    for await (const chunk of bytes) {
      yield chunk;
      this.#written += chunk.byteLength;
      this.#options.onBytes(chunk.byteLength);
      this.#wake();
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
