import { AppError } from '../../errors/app-error.ts';
import { concat, type Bytes } from '../../util/bytes.ts';
import { createCodec } from '../../util/compression/codec.ts';
import type { DecompressionLimits } from '../../util/compression/types.ts';
import type { XzLimits } from '../../util/compression/xz.ts';

/** How a layer may be compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** How a whole archive may be compressed. */
export type ArchiveCompression = Compression | 'xz' | 'bzip2';

const MAGIC: readonly (readonly [form: ArchiveCompression, bytes: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/** Length of the longest magic number. */
export const MAGIC_BYTES = 6;

/** Large output of more than 1000 times the input is a decompression bomb. */
const BOUNDS: Omit<DecompressionLimits, 'fail'> = {
  maxBytes: Infinity,
  maxRatio: 1000,
  ratioFrom: 256 * 1024 * 1024,
  maxWindow: 128 * 1024 * 1024,
};

/** By the first bytes. */
export function archiveCompressionOf(start: Uint8Array): ArchiveCompression {
  return MAGIC.find(([, magic]) => magic.every((byte, i) => start[i] === byte))?.[0] ?? 'none';
}

/**
 * Recognizes the compression by the first bytes.
 * @throws AppError UNSUPPORTED for xz and bzip2, which no image format has
 */
export function compressionOf(start: Uint8Array, where: string): Compression {
  const form = archiveCompressionOf(start);
  if (form !== 'xz' && form !== 'bzip2') return form;
  throw new AppError('UNSUPPORTED', `${where} is a layer compressed with ${form}`, {
    hint: 'Make the archive again: docker save, skopeo and Podman write gzip or plain layers.',
  });
}

export interface Peeked {
  readonly compression: ArchiveCompression;
  /** All bytes, including the first ones. */
  readonly bytes: Bytes;
}

/** Recognizes the compression and returns the complete stream. */
export async function peekCompression(bytes: Bytes): Promise<Peeked> {
  const iterator = bytes[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let size = 0;
  while (size < MAGIC_BYTES) {
    const next = await iterator.next();
    if (next.done === true) break;
    size += next.value.byteLength;
    // The memory of an earlier chunk may be used again.
    head.push(size < MAGIC_BYTES ? Buffer.from(next.value) : next.value);
  }
  const start = concat(head, size);
  return { compression: archiveCompressionOf(start), bytes: rejoined(start, iterator) };
}

async function* rejoined(start: Uint8Array, rest: AsyncIterator<Uint8Array>): Bytes {
  try {
    if (start.byteLength > 0) yield start;
    for (;;) {
      const next = await rest.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await rest.return?.();
  }
}

/**
 * Decompresses to the end of `bytes`.
 * @throws AppError CORRUPT_ARCHIVE for damaged data, for more after its end, and for a
 * decompression bomb; UNSUPPORTED for xz that needs more than the decoder has
 */
export async function* decompress({ compression, bytes }: Peeked, where: string): Bytes {
  const limits = limitsFor(where);
  if (compression === 'xz') {
    const { decompressXz } = await import('../../util/compression/xz.ts');
    yield* decompressXz(bytes, limits);
  } else if (compression === 'bzip2') {
    const { decompressBzip2 } = await import('../../util/compression/bzip2.ts');
    yield* decompressBzip2(bytes, limits);
  } else yield* createCodec().decompress(bytes, compression, limits);
}

function limitsFor(where: string): XzLimits {
  return {
    ...BOUNDS,
    fail: (rule, cause) =>
      new AppError('CORRUPT_ARCHIVE', `${where}: ${rule}`, {
        hint: 'The archive is damaged or cut short; write it again from its source.',
        cause,
      }),
    unsupported: (rule) =>
      new AppError('UNSUPPORTED', `cannot decompress ${where}: ${rule}`, {
        hint: 'Decompress it with xz, and name "-" instead of the file: xz -dc FILE | regctl …',
      }),
  };
}
