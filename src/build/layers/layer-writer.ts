import { Digester, plainLayer, type LayerCompression } from '../../image/layer-bytes.ts';
import { TempFiles } from '../../image/convert/temp-files.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Source } from '../../store/types.ts';
import { verified } from '../../store/verify.ts';
import type { CallOptions } from '../../util/abort.ts';
import { drain, type Bytes } from '../../util/bytes.ts';
import { createCodec } from '../../util/compression/codec.ts';
import type { Temporaries } from '../../util/temporaries.ts';

/** A layer that was written to a temporary file. */
export interface WrittenLayer {
  readonly blob: Pick<Descriptor, 'digest' | 'size'>;
  readonly diffId: Digest;
  readonly compression: LayerCompression;
  /** Opens it under a media type. */
  source(mediaType: string): Source;
}

/** Looks at the tar of a layer as it passes; throws for what is none. */
export type Inspect = (tar: Bytes) => Bytes;

/**
 * Writes layers to temporary files, because a layer has to be known by its digest before it is sent.
 * Memory does not grow with them. Disposing removes the files.
 */
export class LayerWriter implements AsyncDisposable {
  readonly #files: TempFiles;
  readonly #codec = createCodec();

  constructor(tempDir: string, temporaries: () => Promise<Temporaries>) {
    this.#files = new TempFiles(tempDir, temporaries);
  }

  /** Compresses a tar with gzip, the same bytes for the same tar. @throws AppError NO_SPACE, IO */
  async compress(tar: Bytes, { signal }: CallOptions): Promise<WrittenLayer> {
    const inner = new Digester('sha256');
    const outer = new Digester('sha256');
    const zipped = this.#codec.compress(inner.through(tar, signal), { format: 'gzip' });
    const path = await this.#files.write(outer.through(zipped, signal));
    return this.#written(path, outer.result(), inner.result().digest, 'gzip');
  }

  /**
   * Keeps a file that may be compressed as it is.
   * @throws AppError CORRUPT_LAYER if it cannot be decompressed, and what `inspect` throws
   */
  async keep(
    file: Bytes,
    label: string,
    inspect: Inspect,
    { signal }: CallOptions,
  ): Promise<WrittenLayer> {
    const outer = new Digester('sha256');
    const path = await this.#files.write(outer.through(file, signal));
    const blob = outer.result();
    const kept = {
      label,
      fetch: async (_layer: unknown, call?: CallOptions) => this.#files.read(path, 0, call?.signal),
    };
    let compression: LayerCompression = 'none';
    const inner = new Digester('sha256');
    const tar = plainLayer(
      kept,
      { mediaType: '', ...blob },
      {
        signal,
        onCompression: (found) => {
          compression = found;
        },
      },
    );
    await drain(inspect(inner.through(tar, signal)));
    return this.#written(path, blob, inner.result().digest, compression);
  }

  /** Reads the tar of a kept file again. */
  read(layer: WrittenLayer, label: string, call: CallOptions): Bytes {
    const source = layer.source('');
    const kept = { label, fetch: (_layer: Descriptor, own?: CallOptions) => source.open(own) };
    return plainLayer(kept, source.descriptor, call);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }

  #written(
    path: string,
    blob: WrittenLayer['blob'],
    diffId: Digest,
    compression: LayerCompression,
  ): WrittenLayer {
    return {
      blob,
      diffId,
      compression,
      source: (mediaType) => {
        const descriptor = { mediaType, ...blob };
        return {
          descriptor,
          open: async ({ from = 0, signal } = {}) => {
            const bytes = this.#files.read(path, from, signal);
            return from === 0 ? verified(bytes, descriptor, path) : bytes;
          },
        };
      },
    };
  }
}
