import { createHash } from 'node:crypto';
import { AppError, IntegrityError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import type { ReadStore, Sizes } from '../../store/types.ts';
import { verified } from '../../store/verify.ts';
import type { Bytes } from '../../util/bytes.ts';
import { createCodec, sniff } from '../../util/compression/codec.ts';
import type {
  Codec,
  CompressionFormat,
  CompressionOptions,
  DecompressionLimits,
} from '../../util/compression/types.ts';
import { plainTemporaries, type Temporaries } from '../../util/temporaries.ts';
import { TempFiles } from './temp-files.ts';

/** Facts read from a stored layer: schema 1 gives only its digest. */
export interface MeasuredLayer {
  readonly digest: Digest;
  readonly size: number;
  readonly encoding: CompressionFormat | 'none';
  readonly diffId: Digest;
}

/** The digest and size of a recompressed layer. */
export type Recompressed = Pick<Descriptor, 'digest' | 'size'>;

interface KeptLayer extends Recompressed {
  readonly path: string;
  /** Digest of the uncompressed bytes. */
  readonly diffId: Digest;
}

/** Limits for layers: most images stay far below; gzip alone can reach a ratio of 1032. */
const LIMITS: Omit<DecompressionLimits, 'fail'> = {
  maxBytes: 2 ** 40,
  maxRatio: 1000,
  ratioFrom: 256 * 1024 * 1024,
  maxWindow: 128 * 1024 * 1024,
};

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
    const plain = inner.through(
      this.#plain(layer, signal, (found) => (encoding = found)),
      signal,
    );
    await drain(plain);
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
    const plain = inner.through(this.#plain(layer, signal), signal);
    const path = await this.#files.write(outer.through(this.#codec.compress(plain, options)));
    const { digest, size } = outer.result();
    const kept = { digest, size, path, diffId: inner.result().digest };
    this.#made.set(digest, kept);
    return kept;
  }

  /** Decompresses by the first bytes, because media types are sometimes wrong. */
  async *#plain(
    layer: Descriptor,
    signal: AbortSignal | undefined,
    onEncoding?: (encoding: CompressionFormat | 'none') => void,
  ): Bytes {
    const { label } = this.#source;
    const fail = (rule: string, cause?: unknown): Error =>
      cause instanceof AppError
        ? cause
        : new AppError(
            'CORRUPT_LAYER',
            `cannot unpack layer ${layer.digest} of ${label}: ${rule}`,
            {
              hint: 'The image is damaged or hostile; copy it without a change, or build it again.',
              cause,
            },
          );
    const bytes = await this.#source.fetch(layer, { signal });
    const { start, all } = await peekStart(bytes);
    const encoding = sniff(start);
    onEncoding?.(encoding);
    yield* this.#codec.decompress(all, encoding, { ...LIMITS, fail });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#running.values());
    await this.#files[Symbol.asyncDispose]();
  }
}

async function drain(bytes: Bytes): Promise<void> {
  const iterator = bytes[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}

/** Hashes and counts the bytes of a stream. */
class Digester {
  readonly #algorithm: string;
  readonly #hash: ReturnType<typeof createHash>;
  #size = 0;

  constructor(algorithm: string) {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  async *through(bytes: Bytes, signal?: AbortSignal): Bytes {
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      this.#hash.update(chunk);
      this.#size += chunk.byteLength;
      yield chunk;
    }
  }

  result(): Recompressed {
    return {
      digest: `${this.#algorithm}:${this.#hash.digest('hex')}` as Digest,
      size: this.#size,
    };
  }
}

/** Returns the first few bytes, and a stream of all bytes. */
async function peekStart(
  bytes: Bytes,
): Promise<{ readonly start: Uint8Array; readonly all: Bytes }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let size = 0;
  while (size < 4) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    first.push(value);
    size += value.byteLength;
  }
  const all = async function* (): Bytes {
    try {
      yield* first;
      for (;;) {
        const { done, value } = await iterator.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  };
  return { start: Buffer.concat(first), all: all() };
}

function wrongDiffId(
  label: string,
  { digest }: Descriptor,
  expected: Digest,
  actual: Digest,
): IntegrityError {
  return new IntegrityError(
    'DIGEST_MISMATCH',
    `${label}: layer ${digest} uncompressed has the digest ${actual}, the configuration says ${expected}`,
    { expected, actual },
    { hint: 'The image is inconsistent: its layer is not the one that was built.' },
  );
}
