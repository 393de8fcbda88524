import { AppError } from '../../errors/app-error.ts';
import { concat, type Bytes } from '../../util/bytes.ts';
import { createCodec } from '../../util/compression/codec.ts';
import type { DecompressionLimits } from '../../util/compression/types.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** What content begins with, for the forms that may stand where a tar is expected. */
const MAGIC: readonly (readonly [form: Compression | 'xz' | 'bzip2', bytes: readonly number[]])[] =
  [
    ['gzip', [0x1f, 0x8b]],
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
    ['xz', [0xfd, 0x37, 0x7a, 0x58]],
    ['bzip2', [0x42, 0x5a, 0x68]],
  ];

const LONGEST_MAGIC = 4;

/** What grows beyond 1000 times its size, once it is large, is a decompression bomb. */
const BOUNDS: Omit<DecompressionLimits, 'fail'> = {
  maxBytes: Infinity,
  maxRatio: 1000,
  ratioFrom: 256 * 1024 * 1024,
  maxWindow: 128 * 1024 * 1024,
};

/** @throws AppError UNSUPPORTED for xz and bzip2 */
export function compressionOf(start: Uint8Array, where: string): Compression {
  const form = MAGIC.find(([, magic]) => magic.every((byte, i) => start[i] === byte))?.[0];
  if (form !== 'xz' && form !== 'bzip2') return form ?? 'none';
  throw new AppError('UNSUPPORTED', `${where} is compressed with ${form}`, {
    hint: `Decompress it on the way: ${form} -dc FILE | regctl … and "-" in the place of the file.`,
  });
}

export interface Peeked {
  readonly compression: Compression;
  /** All bytes, those that were looked at included. */
  readonly bytes: Bytes;
}

/** Looks at the first bytes and gives them back. */
export async function peekCompression(bytes: Bytes, where: string): Promise<Peeked> {
  const iterator = bytes[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let size = 0;
  while (size < LONGEST_MAGIC) {
    const next = await iterator.next();
    if (next.done === true) break;
    head.push(next.value);
    size += next.value.byteLength;
  }
  const start = concat(head, size);
  try {
    return { compression: compressionOf(start, where), bytes: rejoined(start, iterator) };
  } catch (error) {
    await iterator.return?.();
    throw error;
  }
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
 * decompression bomb
 */
export function decompress({ compression, bytes }: Peeked, where: string): Bytes {
  return createCodec().decompress(bytes, compression, {
    ...BOUNDS,
    fail: (rule, cause) =>
      new AppError('CORRUPT_ARCHIVE', `${where}: ${rule}`, {
        hint: 'The archive is damaged or cut short; write it again from its source.',
        cause,
      }),
  });
}
