import { createGunzip, createGzip } from 'node:zlib';
import { pipeline, type Transform } from 'node:stream';
import type { Bytes } from '../bytes.ts';
import { OutputLimits } from './limits.ts';
import { LEVELS, type Codec, type CompressionFormat, type DecompressionLimits } from './types.ts';
import { ZstdFrames } from './zstd-frames.ts';
import { compressFrames, decompressFrames } from './zstd-library.ts';
import * as zlib from 'node:zlib';

/**
 * gzip by node:zlib; zstd by node:zlib where it has it, else by WebAssembly and JavaScript
 * (docs/decisions.md). `native: undefined` is for tests of the latter.
 */
export function createCodec(
  options: { readonly native: ZstdTransforms | undefined } = { native: nativeZstd() },
): Codec {
  const { native } = options;
  return {
    async *compress(bytes, { format, level = LEVELS[format].usual }) {
      if (format === 'gzip') yield* gzip(bytes, level);
      else if (native !== undefined) yield* pipeThrough(bytes, native.compressor(level), asError);
      else yield* compressFrames(bytes, level);
    },
    async *decompress(bytes, format, limits) {
      const outputLimits = new OutputLimits(limits);
      const describe = (error: unknown): Error => damaged(error, limits);
      if (format === 'none') yield* outputLimits.limitOutput(outputLimits.countInput(bytes));
      else if (format === 'gzip')
        yield* outputLimits.limitOutput(
          pipeThrough(outputLimits.countInput(bytes), createGunzip(), describe),
        );
      else if (native === undefined) yield* decompressFrames(bytes, limits, outputLimits);
      else {
        const checked = checkedFrames(outputLimits.countInput(bytes), limits);
        const decoder = native.decompressor(limits.maxWindow);
        yield* outputLimits.limitOutput(pipeThrough(checked, decoder, describe));
      }
    },
  };
}

/** The format that content begins with, whatever its media type says. */
export function sniff(start: Uint8Array): CompressionFormat | 'none' {
  const [a, b, c, d] = start;
  if (a === 0x1f && b === 0x8b) return 'gzip';
  const isFrame = a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd;
  const isSkippable =
    a !== undefined && (a & 0xf0) === 0x50 && b === 0x2a && c === 0x4d && d === 0x18;
  return isFrame || isSkippable ? 'zstd' : 'none';
}

/** The header's "operating system" is set to unknown, so that the result is the same on each. */
async function* gzip(bytes: Bytes, level: number): Bytes {
  let offset = 0;
  for await (const chunk of pipeThrough(bytes, createGzip({ level }), asError)) {
    const at = GZIP_OS_BYTE - offset;
    if (at >= 0 && at < chunk.byteLength) chunk[at] = GZIP_OS_UNKNOWN;
    offset += chunk.byteLength;
    yield chunk;
  }
}

/** RFC 1952 section 2.3. */
const GZIP_OS_BYTE = 9;
const GZIP_OS_UNKNOWN = 255;

/**
 * Cut at the ends of frames: the native decoder drops what follows a frame in the same buffer, and
 * takes a cut stream, or foreign bytes behind a frame, for its end.
 */
async function* checkedFrames(bytes: Bytes, limits: DecompressionLimits): Bytes {
  const frames = new ZstdFrames(limits.maxWindow, limits.fail);
  for await (const chunk of bytes) {
    const ends: number[] = [];
    frames.push(chunk, (end, { last }) => {
      if (last) ends.push(end);
    });
    let from = 0;
    for (const end of [...ends, chunk.byteLength]) {
      if (end > from) yield chunk.subarray(from, end);
      from = end;
    }
  }
  if (!frames.complete) throw limits.fail('it is cut short');
}

function damaged(error: unknown, limits: DecompressionLimits): Error {
  const isCut = error instanceof Error && /unexpected end of file/u.test(error.message);
  return limits.fail(isCut ? 'it is cut short' : 'it is damaged', error);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/**
 * Bytes through a Node transform with back-pressure. An error of `bytes` comes out as it is, one of
 * the transform as `describe(error)`; a reader who stops early ends both.
 */
export async function* pipeThrough(
  bytes: Bytes,
  transform: Transform,
  describe: (error: unknown) => Error,
): Bytes {
  let failure: { readonly error: unknown } | undefined;
  const watched = async function* (): Bytes {
    try {
      yield* bytes;
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  // The error reaches whoever reads the transform; the callback only keeps it from being unhandled.
  pipeline(watched(), transform, () => undefined);
  try {
    for await (const chunk of transform) yield chunk as Uint8Array;
  } catch (error) {
    throw failure === undefined ? describe(error) : failure.error;
  }
}

/** The part of node:zlib that Node 22.15 added, as far as it is used here. */
interface NativeZstd {
  createZstdCompress(options: ZstdOptions): Transform;
  createZstdDecompress(options: ZstdOptions): Transform;
  readonly constants: {
    readonly ZSTD_c_compressionLevel: number;
    readonly ZSTD_d_windowLogMax: number;
  };
}

interface ZstdOptions {
  readonly params: Readonly<Record<number, number>>;
}

export interface ZstdTransforms {
  compressor(level: number): Transform;
  decompressor(maxWindow: number): Transform;
}

/** `undefined` before Node 22.15. */
export function nativeZstd(): ZstdTransforms | undefined {
  const native = zlib as unknown as Partial<NativeZstd>;
  const { createZstdCompress, createZstdDecompress, constants } = native;
  if (
    createZstdCompress === undefined ||
    createZstdDecompress === undefined ||
    constants === undefined
  )
    return undefined;
  return {
    compressor: (level) =>
      createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } }),
    decompressor: (maxWindow) =>
      createZstdDecompress({
        params: { [constants.ZSTD_d_windowLogMax]: Math.ceil(Math.log2(maxWindow)) },
      }),
  };
}
