import type { Bytes } from '../bytes.ts';

/** How layers are compressed. */
export type CompressionFormat = 'gzip' | 'zstd';

/** A format, and how hard to compress. */
export interface CompressionOptions {
  /** `none`: uncompressed. */
  readonly format: CompressionFormat | 'none';
  /** Within LEVELS; absent means the format's default. */
  readonly level?: number | undefined;
}

/** Bounds against decompression bombs: a chunk beyond one throws `fail(rule)` before it is yielded. */
export interface DecompressionLimits {
  /** Largest output, in bytes. */
  readonly maxBytes: number;
  /** Largest ratio of output to input, checked from `ratioFrom` bytes of output on. */
  readonly maxRatio: number;
  readonly ratioFrom: number;
  /** Largest window of a zstd frame, in bytes. */
  readonly maxWindow: number;
  /** Names the rule that was broken: "it is cut short", "it grows beyond 1000 bytes". */
  readonly fail: (rule: string, cause?: unknown) => Error;
}

/** Streams through one algorithm; memory does not grow with the content. */
export interface Codec {
  /** The same bytes and options give the same result on the same version of Node. */
  compress(bytes: Bytes, options: CompressionOptions): Bytes;
  /** `none` passes the bytes through; errors of the source pass unchanged. */
  decompress(bytes: Bytes, format: CompressionFormat | 'none', limits: DecompressionLimits): Bytes;
}

/** The range of `--dest-compress-level`. */
export const LEVELS: Readonly<
  Record<CompressionFormat, { readonly min: number; readonly max: number; readonly usual: number }>
> = {
  gzip: { min: 1, max: 9, usual: 6 },
  zstd: { min: 1, max: 22, usual: 3 },
};
