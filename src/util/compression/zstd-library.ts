import { concat, type Bytes } from '../bytes.ts';
import type { OutputLimits } from './limits.ts';
import type { DecompressionLimits } from './types.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** Content of one frame. Smaller costs size, larger keeps the event loop waiting longer. */
const FRAME_BYTES = 2 * 1024 * 1024;

/** Most blocks decoded in one go, which bounds what is held: a block gives at most 128 KiB. */
const MAX_BLOCKS = 32;

/** The decoder moves its whole window for every block; bytes moved before blocks must be worth it. */
const FREE_MOVES = 2 ** 36;
const MOVES_PER_BYTE = 4096;

/** Compresses into concatenated frames, as the library takes whole buffers only (RFC 8878 section 3). */
export async function* compressFrames(bytes: Bytes, level: number): Bytes {
  const { frameCompressor } = await import('./zstd-wasm.ts');
  const compressFrame = await frameCompressor;
  let chunks: Uint8Array[] = [];
  let size = 0;
  let frames = 0;
  for await (const chunk of bytes) {
    let from = 0;
    while (from < chunk.byteLength) {
      const part = chunk.subarray(from, from + FRAME_BYTES - size);
      // The producer may use its buffer again.
      chunks.push(Uint8Array.from(part));
      size += part.byteLength;
      from += part.byteLength;
      if (size < FRAME_BYTES) continue;
      yield compressFrame(concat(chunks, size), level);
      frames += 1;
      chunks = [];
      size = 0;
    }
  }
  if (size > 0 || frames === 0) yield compressFrame(concat(chunks, size), level);
}

/** Decompresses any zstd stream, a few blocks at a time. */
export async function* decompressFrames(
  bytes: Bytes,
  limits: DecompressionLimits,
  outputLimits: OutputLimits,
): Bytes {
  const { Decompress } = await import('fzstd');
  const { fail, maxWindow } = limits;
  const frames = new ZstdFrames(maxWindow, fail);
  let out: Uint8Array[] = [];
  const fresh = (): InstanceType<typeof Decompress> =>
    new Decompress((chunk) => {
      if (chunk.byteLength > 0) out.push(chunk);
    });
  let decoder = fresh();
  let moved = 0;

  for await (const chunk of outputLimits.countInput(bytes)) {
    for (const piece of piecesOf(frames, chunk)) {
      moved += piece.moves;
      try {
        decoder.push(Uint8Array.from(piece.bytes), piece.last);
      } catch (error) {
        throw fail('it is damaged', error);
      }
      if (piece.last) decoder = fresh();
      for (const part of out) {
        outputLimits.addOutput(part);
        yield part;
      }
      out = [];
      if (moved > FREE_MOVES + outputLimits.outputBytes * MOVES_PER_BYTE)
        throw fail('its zstd blocks hold next to nothing');
    }
  }
  if (!frames.complete) throw fail('it is cut short');
}

interface Piece {
  readonly bytes: Uint8Array;
  /** Ends a frame. */
  readonly last: boolean;
  /** Bytes of window that decoding it moves about. */
  readonly moves: number;
}

/** `chunk` cut at the ends of frames, and after every few blocks. */
function piecesOf(frames: ZstdFrames, chunk: Uint8Array): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  let blocks = 0;
  let moves = 0;
  const cut = (end: number, last: boolean): void => {
    if (end > from || last) pieces.push({ bytes: chunk.subarray(from, end), last, moves });
    from = end;
    blocks = 0;
    moves = 0;
  };
  frames.push(chunk, (end, { window, last }) => {
    blocks += 1;
    moves += window;
    if (last || blocks === MAX_BLOCKS) cut(end, last);
  });
  cut(chunk.byteLength, false);
  return pieces;
}
