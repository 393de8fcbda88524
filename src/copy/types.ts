import type { Descriptor } from '../oci/descriptor.ts';
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
  /** What was done that the request left open, or that changes a digest. */
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'warning'; readonly text: string };

/** Counts of a run, whatever the number of images. */
export interface CopyCounts {
  readonly blobs: { readonly written: number; readonly mounted: number; readonly present: number };
  /**
   * Bytes of blobs and manifests sent, again after a fault or for the first time, and of blobs that
   * did not have to be: they were there, or an earlier run had sent that much of them.
   */
  readonly bytes: { readonly sent: number; readonly skipped: number };
}

export interface CopySummary extends CopyCounts {
  /** What the destination's tag points at now. */
  readonly descriptor: Descriptor;
  /** The destination had all of it, under every tag: nothing was written. */
  readonly unchanged: boolean;
}

/** What the images of one run share: two stores, and how images go from one to the other. */
export interface CopyRunOptions extends CallOptions {
  readonly source: ReadStore;
  readonly destination: WriteStore;
  /**
   * One platform: only its image, out of an index. Several: the index is rewritten to list only
   * these, so that its digest changes. An image that is no index must be for all of them.
   */
  readonly platforms?: readonly Platform[] | undefined;
  /** Of an index only this platform's image; a single image is copied whatever it is for. */
  readonly indexPlatform?: Platform | undefined;
  /** Writes an index without the images it lists, which the destination must have. */
  readonly indexOnly?: boolean | undefined;
  /** Takes along what refers to the image and to its children: signatures, SBOMs, attestations. */
  readonly referrers?: boolean | undefined;
  /** Takes along the tags whose names begin with the digest of the image, or of a child: "sha256-<hex>…". */
  readonly digestTags?: boolean | undefined;
  /** The tags of the source, where they were listed already. */
  readonly sourceTags?: readonly string[] | undefined;
  /** Requests to each side at a time; the destination may allow fewer. */
  readonly concurrency: number;
  /** Slots that copies of other repositories share, so that a registry has one limit for all. */
  readonly slots?: { readonly source: Limiter; readonly destination: Limiter } | undefined;
  /** Repositories of the destination's registry that may hold a blob. */
  readonly mountFrom?: ((descriptor: Descriptor) => readonly string[]) | undefined;
  /**
   * Around the transfer of a blob, before it takes a slot: other copies to the same registry may
   * have it under way, or have brought it to repositories that it can be mounted from.
   */
  readonly shareBlob?:
    | ((
        descriptor: Descriptor,
        transfer: (mountFrom: readonly string[]) => Promise<void>,
      ) => Promise<void>)
    | undefined;
  /** Source and destination are one repository: only tags are written. */
  readonly sameRepository?: boolean | undefined;
  /**
   * Also copies layers that their publisher gives only from its own addresses (foreign,
   * nondistributable): from the source, else from those addresses. Default false: the image keeps
   * pointing at them.
   */
  readonly allowNondistributable?: boolean | undefined;
  /**
   * Looks at every part, also below what the destination has: it may have lost some, or be a cache
   * that never had them.
   */
  readonly recheck?: boolean | undefined;
  /** Refuses to move a tag that points at another digest. */
  readonly noClobber?: boolean | undefined;
  /** Refuses what would give the copy another digest. */
  readonly preserveDigests?: boolean | undefined;
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
  /** What the destination's tag points at is to stay: that there is nothing has to be sure. */
  readonly keepExisting?: boolean | undefined;
}

export interface CopyOptions extends CopyRunOptions, ImageRequest {
  /** `false` leaves `destination.commit()` to the caller, who copies more images. Default true. */
  readonly commit?: boolean | undefined;
}
