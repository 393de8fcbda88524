import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import type { PushOutcome, ReadStore, WriteStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { Limiter } from '../util/limiter.ts';

/** Progress is data: the copy engine emits these, `cli/progress` renders them. */
export type CopyEvent =
  | { readonly type: 'found'; readonly descriptor: Descriptor }
  | { readonly type: 'start'; readonly descriptor: Descriptor }
  /** `done` is cumulative and may go back when an attempt starts over. */
  | { readonly type: 'bytes'; readonly descriptor: Descriptor; readonly done: number }
  | { readonly type: 'end'; readonly descriptor: Descriptor; readonly outcome: PushOutcome }
  | {
      readonly type: 'retry';
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
    }
  /** Reports a choice that the request left open, or a change of a digest. */
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'warning'; readonly text: string };

/** Counts of a run, for all of its images. */
export interface CopyCounts {
  readonly blobs: { readonly written: number; readonly mounted: number; readonly present: number };
  /**
   * `sent`: bytes of blobs and manifests that were sent, including retries. `skipped`: bytes of
   * blobs that were not sent, because they existed or an earlier run had sent that part.
   */
  readonly bytes: { readonly sent: number; readonly skipped: number };
}

export interface CopySummary extends CopyCounts {
  /** What the destination's tag points to after the copy. */
  readonly descriptor: Descriptor;
  /** What the reference means at the source; differs from `descriptor` if platforms were chosen. */
  readonly from: Digest;
  /** True if the destination had everything, under every tag: nothing was written. */
  readonly unchanged: boolean;
}

/** Options for all images of one run. */
export interface CopyRunOptions extends CallOptions {
  readonly source: ReadStore;
  readonly destination: WriteStore;
  /**
   * One platform: only its image from an index. Several: the index is rewritten to list only these,
   * so that its digest changes. A single image must match all of them.
   */
  readonly platforms?: readonly Platform[] | undefined;
  /** A single image need not match `platforms`. Default: false. */
  readonly platformsOfIndexes?: boolean | undefined;
  /** Copies only this platform's image from an index; a single image is copied for any platform. */
  readonly indexPlatform?: Platform | undefined;
  /** Writes an index without its images, which the destination must already have. */
  readonly indexOnly?: boolean | undefined;
  /** Also copies the referrers of the image and its children: signatures, SBOMs, attestations. */
  readonly referrers?: boolean | undefined;
  /**
   * Also copies the tags that begin with the digest of the image or of a child: "sha256-<hex>…".
   */
  readonly digestTags?: boolean | undefined;
  /** The tags of the source, if they were already listed. */
  readonly sourceTags?: readonly string[] | undefined;
  /** Concurrent requests to each side; the destination may allow fewer. */
  readonly concurrency: number;
  /** Slots shared with copies of other repositories, so that one limit applies to a registry. */
  readonly slots?: { readonly source: Limiter; readonly destination: Limiter } | undefined;
  /** Repositories of the destination's registry that may hold a blob. */
  readonly mountFrom?: ((descriptor: Descriptor) => readonly string[]) | undefined;
  /**
   * Wraps the transfer of a blob before it takes a slot: other copies to the same registry may be
   * sending it, or may have sent it to repositories from which it can be mounted.
   */
  readonly shareBlob?:
    | ((
        descriptor: Descriptor,
        transfer: (mountFrom: readonly string[]) => Promise<void>,
      ) => Promise<void>)
    | undefined;
  /** Content that the destination is known to have: it is neither looked up nor sent. */
  readonly isPresent?: ((descriptor: Descriptor) => boolean) | undefined;
  /** Source and destination are the same repository, so only tags are written. */
  readonly sameRepository?: boolean | undefined;
  /**
   * Also copies layers that the publisher provides only from its own URLs (foreign,
   * nondistributable): from the source, else from those URLs. Default false: the image still refers
   * to them.
   */
  readonly allowNondistributable?: boolean | undefined;
  /**
   * Checks every part, also below existing manifests of the destination: it may have lost some
   * parts, or be a cache that never had them.
   */
  readonly recheck?: boolean | undefined;
  /** Refuses to move a tag that points to a different digest. */
  readonly noClobber?: boolean | undefined;
  /** Refuses a copy whose digest differs from the source. */
  readonly preserveDigests?: boolean | undefined;
  /** Called for each event. */
  emit(event: CopyEvent): void;
}

/** One image of a run. */
export interface ImageRequest {
  /** Tag or digest; absent means the source's default. */
  readonly sourceRef?: string | undefined;
  /** Absent: the image is written only by its digest. */
  readonly destinationTag?: string | undefined;
  readonly additionalTags?: readonly string[] | undefined;
  /** The destination is known not to have the tag. */
  readonly isNew?: boolean | undefined;
  /**
   * The destination is known to have the tag, so its digest is probably the same: the source is
   * asked only for the digest, and for the manifest if they differ.
   */
  readonly tagExists?: boolean | undefined;
  /** The destination's tag must not be overwritten, so its absence has to be certain. */
  readonly keepExisting?: boolean | undefined;
}

export interface CopyOptions extends CopyRunOptions, ImageRequest {
  /** `false` leaves `destination.commit()` to the caller, who copies more images. Default true. */
  readonly commit?: boolean | undefined;
}
