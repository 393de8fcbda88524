import { createHash } from 'node:crypto';
import { AppError, IntegrityError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ReadStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { Bytes } from '../util/bytes.ts';
import { createCodec, sniff } from '../util/compression/codec.ts';
import type { CompressionFormat, DecompressionLimits } from '../util/compression/types.ts';

/** Where layers are read from. */
export type LayerSource = Pick<ReadStore, 'label' | 'fetch'>;

export type LayerCompression = CompressionFormat | 'none';

/** Limits for layers: most images stay far below; gzip alone can reach a ratio of 1032. */
const LIMITS: Omit<DecompressionLimits, 'fail'> = {
  maxBytes: 2 ** 40,
  maxRatio: 1000,
  ratioFrom: 256 * 1024 * 1024,
  maxWindow: 128 * 1024 * 1024,
};

export interface PlainLayerOptions extends CallOptions {
  /** Called with the compression before the first bytes. */
  readonly onCompression?: ((found: LayerCompression) => void) | undefined;
}

/**
 * Reads a layer and decompresses it by its first bytes, because media types are sometimes wrong.
 * @throws AppError BLOB_UNKNOWN, CORRUPT_LAYER; IntegrityError if it is not the blob of its digest
 */
export async function* plainLayer(
  source: LayerSource,
  layer: Descriptor,
  { signal, onCompression }: PlainLayerOptions = {},
): Bytes {
  const { start, all } = await peekStart(await source.fetch(layer, { signal }));
  const compression = sniff(start);
  onCompression?.(compression);
  yield* createCodec().decompress(all, compression, {
    ...LIMITS,
    fail: (rule, cause) =>
      cause instanceof AppError ? cause : corruptLayer(source.label, layer, rule, cause),
  });
}

/** The error for a layer that cannot be read; `rule` is what it breaks. */
export function corruptLayer(
  label: string,
  { digest }: Pick<Descriptor, 'digest'>,
  rule: string,
  cause?: unknown,
): AppError {
  return new AppError('CORRUPT_LAYER', `cannot unpack layer ${digest} of ${label}: ${rule}`, {
    hint: 'The image is damaged or hostile; copy it without a change, or build it again.',
    cause,
  });
}

/** Hashes and counts the bytes of a stream. */
export class Digester {
  readonly #algorithm: string;
  readonly #hash: ReturnType<typeof createHash>;
  #size = 0;

  constructor(algorithm: string) {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#size += chunk.byteLength;
  }

  async *through(bytes: Bytes, signal?: AbortSignal): Bytes {
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      this.update(chunk);
      yield chunk;
    }
  }

  result(): Pick<Descriptor, 'digest' | 'size'> {
    return {
      digest: `${this.#algorithm}:${this.#hash.digest('hex')}` as Digest,
      size: this.#size,
    };
  }
}

/** Returns the first few bytes, and a stream of all bytes. */
export async function peekStart(
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

export function wrongDiffId(
  label: string,
  { digest }: Pick<Descriptor, 'digest'>,
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
