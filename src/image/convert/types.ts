import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import type { CompressionOptions } from '../../util/compression/types.ts';
import type { Temporaries } from '../../util/temporaries.ts';

/** `oci`: image-spec v1.1.1; `v2s2`: Docker's image manifest version 2, schema 2. */
export type ManifestFormat = 'oci' | 'v2s2';

/** What a converted view of a store changes, and what it needs for that. */
export interface ConvertOptions {
  /** Manifests and media types of the result. Absent: each manifest keeps its own. */
  readonly format?: ManifestFormat | undefined;
  /**
   * Recompresses layers that have another compression or none. Layers that already have it are
   * unchanged, unless a level is given. zstd requires OCI manifests, because v2s2 has no such
   * layers.
   */
  readonly compression?: CompressionOptions | undefined;
  /**
   * The platforms to convert in an index; other images are listed unchanged, so that the caller can
   * choose among them. Absent: all.
   */
  readonly platforms?: readonly Platform[] | undefined;
  /** Throws DIGEST_CHANGED if a manifest would change. */
  readonly preserveDigests?: boolean | undefined;
  /** Directory for the compressed layers until the store is disposed of. */
  readonly tempDir: string;
  /** Names the temporary files, so that they are removed later if this process is killed. */
  readonly temporaries?: (() => Promise<Temporaries>) | undefined;
  /** Manifests and layers read at a time. Default 4. */
  readonly concurrency?: number | undefined;
  /** Called with each name that is resolved, and what it means at the source. */
  readonly onOriginal?: ((name: string, digest: Digest) => void) | undefined;
  /** Reports slow work before the copy starts. */
  readonly note?: ((text: string) => void) | undefined;
  /** Reports what is left out of the result, and changes that were not requested. */
  warn(text: string): void;
}
