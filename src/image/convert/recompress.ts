import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import type { ReadStore, Sizes } from '../../store/types.ts';
import { verified } from '../../store/verify.ts';
import { drain, type Bytes } from '../../util/bytes.ts';
import { createCodec } from '../../util/compression/codec.ts';
import type { Codec, CompressionOptions } from '../../util/compression/types.ts';
import { plainTemporaries, type Temporaries } from '../../util/temporaries.ts';
import { Digester, plainLayer, wrongDiffId, type LayerCompression } from '../layer-bytes.ts';
import { TempFiles } from './temp-files.ts';

/** Facts read from a stored layer: schema 1 gives only its digest. */
export interface MeasuredLayer {
  readonly digest: Digest;
  readonly size: number;
  readonly encoding: LayerCompression;
  readonly diffId: Digest;
}

/** The digest and size of a recompressed layer. */
export type Recompressed = Pick<Descriptor, 'digest' | 'size'>;

interface KeptLayer extends Recompressed {
  readonly path: string;
  /** Digest of the uncompressed bytes. */
  readonly diffId: Digest;
}

/** Compresses each layer once, into a temporary file that is read from then on. */
export class Recompressor implements AsyncDisposable {
  readonly #source: ReadStore;
  readonly #codec: Codec = createCodec();
  readonly #files: TempFiles;
  readonly #running = new Map<string, Promise<KeptLayer>>();
  readonly #made = new Map<Digest, KeptLayer>();

  constructor(
    source: ReadStore,
    tempDir: string,
    temporaries: () => Promise<Temporaries> = async () => plainTemporaries(),
  ) {
    this.#source = source;
    this.#files = new TempFiles(tempDir, temporaries);
  }

  has(digest: Digest): boolean {
    return this.#made.has(digest);
  }

  /** Reads the verified bytes of a recompressed layer; `undefined` for any other digest. */
  read(descriptor: Descriptor, from: number, signal: AbortSignal | undefined): Bytes | undefined {
    const kept = this.#made.get(descriptor.digest);
    if (kept === undefined) return undefined;
    const bytes = this.#files.read(kept.path, from, signal);
    return from === 0 ? verified(bytes, descriptor, kept.path) : bytes;
  }

  /**
   * @throws IntegrityError if the uncompressed bytes do not match `diffId`; AppError CORRUPT_LAYER
   * if they cannot be decompressed, NO_SPACE, IO
   */
  async layer(
    layer: Descriptor,
    diffId: Digest,
    options: CompressionOptions,
    signal: AbortSignal | undefined,
  ): Promise<Recompressed> {
    const key = [layer.digest, options.format, options.level, algorithmOf(diffId)].join(' ');
    const running = this.#running.get(key) ?? this.#make(layer, diffId, options, signal);
    this.#running.set(key, running);
    running.catch(() => this.#running.delete(key));
    const kept = await running;
    if (kept.diffId !== diffId) throw wrongDiffId(this.#source.label, layer, diffId, kept.diffId);
    return { digest: kept.digest, size: kept.size };
  }

  /**
   * Reads a layer of which only the digest is known, and returns the facts without keeping the
   * bytes.
   * @throws AppError BLOB_UNKNOWN, CORRUPT_LAYER
   */
  async measure(
    digest: Digest,
    sizes: Sizes,
    signal: AbortSignal | undefined,
  ): Promise<MeasuredLayer> {
    const { label } = this.#source;
    const size = await sizes.blob(digest, { signal });
    if (size === undefined)
      throw new AppError(
        'BLOB_UNKNOWN',
        `cannot recompress layer ${digest} of ${label}: its size is not known`,
      );
    const inner = new Digester(algorithmOf(digest));
    let encoding: MeasuredLayer['encoding'] = 'none';
    const layer = { mediaType: MEDIA_TYPE.dockerLayerGzip, digest, size };
    const onCompression = (found: LayerCompression): void => {
      encoding = found;
    };
    await drain(inner.through(plainLayer(this.#source, layer, { signal, onCompression }), signal));
    return { digest, size, encoding, diffId: inner.result().digest };
  }

  async #make(
    layer: Descriptor,
    diffId: Digest,
    options: CompressionOptions,
    signal: AbortSignal | undefined,
  ): Promise<KeptLayer> {
    const inner = new Digester(algorithmOf(diffId));
    const outer = new Digester(algorithmOf(layer.digest));
    const plain = inner.through(plainLayer(this.#source, layer, { signal }), signal);
    const path = await this.#files.write(outer.through(this.#codec.compress(plain, options)));
    const { digest, size } = outer.result();
    const kept = { digest, size, path, diffId: inner.result().digest };
    this.#made.set(digest, kept);
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#running.values());
    await this.#files[Symbol.asyncDispose]();
  }
}
