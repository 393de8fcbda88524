import type { FileHandle } from 'node:fs/promises';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ContentStream, OpenOptions } from '../../store/types.ts';
import { readAt, readRegion } from '../../transports/tar/random-access.ts';
import { openUnnamedFile } from '../../transports/tar/spool.ts';
import type { CallOptions } from '../../util/abort.ts';
import { drain, skipBytes, type Bytes } from '../../util/bytes.ts';
import { withTemporaryErrors } from '../../util/errno.ts';
import { writeAll } from '../../util/regular-file.ts';
import type { LayerSource } from '../layer-bytes.ts';

interface KeptBlob {
  readonly file: FileHandle;
  readonly path: string;
  readonly size: number;
}

/**
 * Reads each layer from its store only once: a layer that was read to its end stays, as it is
 * compressed, in a temporary file without a name until it is released.
 */
export class KeptLayers implements LayerSource, AsyncDisposable {
  readonly label: string;
  readonly #source: LayerSource;
  readonly #folder: string;
  readonly #kept = new Map<Digest, KeptBlob>();

  constructor(source: LayerSource, folder: string) {
    this.label = source.label;
    this.#source = source;
    this.#folder = folder;
  }

  async fetch(layer: Descriptor, options: OpenOptions = {}): Promise<Bytes> {
    const kept = this.#kept.get(layer.digest);
    if (kept === undefined)
      return skipBytes(
        this.#keep(layer, await this.#source.fetch(layer, { signal: options.signal })),
        options.from ?? 0,
      );
    const { file, path, size } = kept;
    const region = {
      size,
      read: (position: number, length: number) => readAt(file, path, position, length),
    };
    return readRegion(region, options.from ?? 0, size - (options.from ?? 0), options);
  }

  /** Keeps all blobs of a stream, which passes only once. @throws AppError NO_SPACE, IO */
  async takeAll(stream: ContentStream, options?: CallOptions): Promise<void> {
    for await (const blob of stream.sources(options))
      await drain(this.#keep(blob.descriptor, await blob.open(options)));
  }

  async release({ digest }: Descriptor): Promise<void> {
    const kept = this.#kept.get(digest);
    this.#kept.delete(digest);
    await kept?.file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { file } of this.#kept.values()) await file.close();
    this.#kept.clear();
  }

  async *#keep({ digest }: Descriptor, bytes: Bytes): Bytes {
    const { file, path } = await openUnnamedFile(this.#folder);
    let size = 0;
    let isWhole = false;
    try {
      for await (const chunk of bytes) {
        await withTemporaryErrors(this.#folder, () => writeAll(file, chunk, size));
        size += chunk.byteLength;
        yield chunk;
      }
      isWhole = !this.#kept.has(digest);
      if (isWhole) this.#kept.set(digest, { file, path, size });
    } finally {
      if (!isWhole) await file.close();
    }
  }
}
