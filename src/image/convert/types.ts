import type { Platform } from '../../oci/platform.ts';
import type { CompressionOptions } from '../../util/compression/types.ts';
import type { Temporaries } from '../../util/temporaries.ts';

/** `oci`: image-spec v1.1.1; `v2s2`: Docker's image manifest version 2, schema 2. */
export type ManifestFormat = 'oci' | 'v2s2';

export interface ConvertOptions {
  /** Manifests and media types of the result. Absent: each manifest keeps its own. */
  readonly format?: ManifestFormat | undefined;
  /**
   * Layers compressed otherwise, or not at all, are compressed so. Layers that are stay as they are,
   * unless a level is given. zstd makes OCI manifests, as v2s2 has no such layers.
   */
  readonly compression?: CompressionOptions | undefined;
  /**
   * The images of an index that will be used: the others are listed as they are, for whoever chooses
   * among them. Absent: all.
   */
  readonly platforms?: readonly Platform[] | undefined;
  /** Refuses with DIGEST_CHANGED what would change a manifest. */
  readonly preserveDigests?: boolean | undefined;
  /** Folder that holds the compressed layers until the store is disposed of. */
  readonly tempDir: string;
  /** Names what is in it, so that it is swept if this process is killed. */
  readonly temporaries?: (() => Promise<Temporaries>) | undefined;
  /** Manifests and layers read at a time. Default 4. */
  readonly concurrency?: number | undefined;
  /** What takes its time before anything is copied. */
  readonly note?: ((text: string) => void) | undefined;
  /** What is left out of the result, and what was done unasked. */
  warn(text: string): void;
}
