import type { Transform, TransformOptions } from 'node:stream';
import * as zlib from 'node:zlib';

/** The part of node:zlib that Node 22.15 added, as far as it is used here. */
interface NativeZstd {
  createZstdCompress(options: ZstdOptions): Transform;
  createZstdDecompress(options: ZstdOptions): Transform;
  readonly constants: {
    readonly ZSTD_c_compressionLevel: number;
    readonly ZSTD_d_windowLogMax: number;
  };
}

interface ZstdOptions extends TransformOptions {
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
      createZstdCompress({
        params: { [constants.ZSTD_c_compressionLevel]: level },
        // Each chunk is taken before the next or the end comes: the last block is another one when
        // the end is known with it, and the same content has to come out the same each time.
        writableHighWaterMark: 1,
      }),
    decompressor: (maxWindow) =>
      createZstdDecompress({
        params: { [constants.ZSTD_d_windowLogMax]: Math.ceil(Math.log2(maxWindow)) },
      }),
  };
}
