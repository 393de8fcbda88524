import type { Bytes } from '../bytes.ts';

export type CompressionFormat = 'gzip' | 'zstd';

export interface CompressionOptions {
  /** `none`: not at all. */
  readonly format: CompressionFormat | 'none';
  /** Within LEVELS; absent means the format's default. */
  readonly level?: number | undefined;
}

/** Bounds against decompression bombs; what exceeds one throws `fail(rule)` before it is yielded. */
export interface DecompressionLimits {
  /** Most bytes that come out. */
  readonly maxBytes: number;
  /** Most bytes out per byte in, judged once `ratioFrom` bytes have come out. */
  readonly maxRatio: number;
  readonly ratioFrom: number;
  /** Most bytes of history that a zstd frame may ask for. */
  readonly maxWindow: number;
  /** Names the rule that was broken: "it is cut short", "it grows beyond 1000 bytes". */
  readonly fail: (rule: string, cause?: unknown) => Error;
}

/** Streams through one algorithm; memory does not grow with the content. */
export interface Codec {
  /** The same bytes and options give the same result on the same version of Node. */
  compress(bytes: Bytes, options: CompressionOptions): Bytes;
  /** `none` passes the bytes on; a source that fails keeps its own error. */
  decompress(bytes: Bytes, format: CompressionFormat | 'none', limits: DecompressionLimits): Bytes;
}

/** What `--dest-compress-level` may say. */
export const LEVELS: Readonly<
  Record<CompressionFormat, { readonly min: number; readonly max: number; readonly usual: number }>
> = {
  gzip: { min: 1, max: 9, usual: 6 },
  zstd: { min: 1, max: 22, usual: 3 },
};
