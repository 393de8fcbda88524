import { pipeline, Readable, type Duplex } from 'node:stream';
import * as zlib from 'node:zlib';
import { AppError } from '../../errors/app-error.ts';
import { concat, type Bytes } from '../../util/bytes.ts';

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

/** Content that grows beyond this factor, once it is large, is a decompression bomb. */
const MAX_RATIO = 1000;
const UNSUSPICIOUS_BYTES = 256 * 1024 * 1024;

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
 * @throws AppError UNSUPPORTED where this Node.js has no zstd; CORRUPT_ARCHIVE for damaged data,
 * for more after its end, and for a decompression bomb
 */
export async function* decompress({ compression, bytes }: Peeked, where: string): Bytes {
  if (compression === 'none') {
    yield* bytes;
    return;
  }
  const decoder = decoderFor(compression, where);
  let taken = 0;
  let failure: { readonly error: unknown } | undefined;
  let ended = false;
  const counted = async function* (): Bytes {
    try {
      for await (const chunk of bytes) {
        taken += chunk.byteLength;
        yield chunk;
      }
      ended = true;
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  pipeline(Readable.from(counted(), { objectMode: false }), decoder, () => undefined);
  let given = 0;
  try {
    for await (const chunk of decoder as AsyncIterable<Uint8Array>) {
      given += chunk.byteLength;
      if (given > UNSUSPICIOUS_BYTES && given > taken * MAX_RATIO) throw bomb(where);
      yield chunk;
    }
  } catch (error) {
    if (failure !== undefined) throw failure.error;
    throw isZlibError(error) ? damaged(where, compression, error) : error;
  } finally {
    decoder.destroy();
  }
  if (!ended) throw damaged(where, compression, new Error('more bytes follow its end'));
}

function decoderFor(compression: 'gzip' | 'zstd', where: string): Duplex {
  if (compression === 'gzip') return zlib.createGunzip({ chunkSize: 128 * 1024 });
  const create = (zlib as { createZstdDecompress?: () => Duplex }).createZstdDecompress;
  if (create !== undefined) return create();
  throw new AppError('UNSUPPORTED', `${where} is compressed with zstd, which this Node.js lacks`, {
    hint: 'Run regctl on Node.js 22.15 or newer, which reads zstd.',
  });
}

function isZlibError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('Z_') || code.startsWith('ZSTD_') || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function damaged(where: string, compression: string, cause: unknown): AppError {
  return new AppError('CORRUPT_ARCHIVE', `${where}: its ${compression} data is damaged`, { cause });
}

function bomb(where: string): AppError {
  return new AppError(
    'CORRUPT_ARCHIVE',
    `${where}: it grows more than ${MAX_RATIO} times when decompressed`,
    { hint: 'This is what a decompression bomb does; nothing of it was kept.' },
  );
}
