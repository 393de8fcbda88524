import { pipeline, type Transform, type TransformOptions } from 'node:stream';
// Zstandard by the module: an older Node then gets to the check of its version.
import zlib, { constants, createGunzip, createGzip, type ZstdOptions } from 'node:zlib';
import type { Bytes } from '../bytes.ts';
import { OutputLimits } from './limits.ts';
import { LEVELS, type Codec, type CompressionFormat, type DecompressionLimits } from './types.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** With Node's default of 16 KiB, large layers take half as much CPU time again. */
const GUNZIP_CHUNK_BYTES = 64 * 1024;

/** gzip and zstd by node:zlib. */
export function createCodec(): Codec {
  return {
    async *compress(bytes, { format, level }) {
      if (format === 'none') yield* bytes;
      else if (format === 'gzip') yield* gzip(bytes, level ?? LEVELS.gzip.usual);
      else yield* pipeThrough(bytes, zstdCompressor(level ?? LEVELS.zstd.usual), asError);
    },
    async *decompress(bytes, format, limits) {
      const outputLimits = new OutputLimits(limits);
      const input = outputLimits.countInput(bytes);
      const describe = (error: unknown): Error => damaged(error, limits);
      if (format === 'none') yield* outputLimits.limitOutput(input);
      else if (format === 'gzip') {
        const decoder = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
        yield* outputLimits.limitOutput(pipeThrough(input, decoder, describe));
        // node:zlib ignores what follows the last member if it begins with a zero byte.
        if (decoder.bytesWritten < outputLimits.inputBytes)
          throw limits.fail('it has more bytes after its end');
      } else {
        const frames = checkedFrames(input, limits);
        const decoder = zstdDecompressor(limits.maxWindow);
        yield* outputLimits.limitOutput(pipeThrough(frames, decoder, describe));
      }
    },
  };
}

/** The format by the content's first bytes, whatever its media type says. */
export function sniff(start: Uint8Array): CompressionFormat | 'none' {
  const [a, b, c, d] = start;
  if (a === 0x1f && b === 0x8b) return 'gzip';
  const isFrame = a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd;
  const isSkippable =
    a !== undefined && (a & 0xf0) === 0x50 && b === 0x2a && c === 0x4d && d === 0x18;
  return isFrame || isSkippable ? 'zstd' : 'none';
}

/** Sets the header's "operating system" to unknown, so that all systems give the same bytes. */
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

function zstdCompressor(level: number): Transform {
  const options: ZstdOptions & TransformOptions = {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    // Each chunk is consumed before the next one or the end is announced: zlib writes a different last
    // block if it knows of the end earlier, and the same content must give the same bytes each time.
    writableHighWaterMark: 1,
  };
  return zlib.createZstdCompress(options);
}

function zstdDecompressor(maxWindow: number): Transform {
  const windowLog = Math.ceil(Math.log2(maxWindow));
  return zlib.createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: windowLog } });
}

/**
 * Cuts chunks at the ends of frames: node:zlib drops whatever follows a frame in the same buffer
 * (Node 22 and 24), ignores foreign bytes after a frame, and accepts a truncated stream (Node 22).
 */
async function* checkedFrames(bytes: Bytes, limits: DecompressionLimits): Bytes {
  const frames = new ZstdFrames(limits.maxWindow, limits.fail);
  for await (const chunk of bytes) {
    let from = 0;
    for (const end of [...frames.push(chunk), chunk.byteLength]) {
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
 * Pipes bytes through a Node transform with back-pressure. Errors of `bytes` pass unchanged, those of
 * the transform become `describe(error)`; a reader that stops early ends both.
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
  // The reader gets the error; the callback only keeps it from being unhandled.
  pipeline(watched(), transform, () => undefined);
  try {
    for await (const chunk of transform) yield chunk as Uint8Array;
  } catch (error) {
    throw failure === undefined ? describe(error) : failure.error;
  }
}
