import type { Descriptor } from '../oci/descriptor.ts';
import type { Platform } from '../oci/platform.ts';
import type { CallOptions, PushOutcome, ReadStore, WriteStore } from '../store/types.ts';

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
  | { readonly type: 'warning'; readonly text: string };

export interface CopySummary {
  /** What the destination's tag points at now. */
  readonly descriptor: Descriptor;
  readonly blobs: { readonly written: number; readonly mounted: number; readonly present: number };
  /** Bytes of blobs and manifests written, and of blobs that did not have to be. */
  readonly bytes: { readonly sent: number; readonly skipped: number };
}

export interface CopyOptions extends CallOptions {
  readonly source: ReadStore;
  /** Tag or digest; absent means the source's default. */
  readonly sourceRef?: string | undefined;
  readonly destination: WriteStore;
  /** Absent: the image is written by digest alone. */
  readonly destinationTag?: string | undefined;
  readonly additionalTags?: readonly string[] | undefined;
  /** Copies the one image of an index that is for this platform, as a single image. */
  readonly platform?: Platform | undefined;
  /** Transfers at a time; the destination may allow fewer. */
  readonly concurrency: number;
  /** Repositories of the destination's registry that may hold a blob. */
  readonly mountFrom?: ((descriptor: Descriptor) => readonly string[]) | undefined;
  /** Source and destination are one repository: only tags are written. */
  readonly sameRepository?: boolean | undefined;
  /** Refuses to move a tag that points at another digest. */
  readonly noClobber?: boolean | undefined;
  /** `false` leaves `destination.commit()` to the caller, who copies more images. Default true. */
  readonly commit?: boolean | undefined;
  emit(event: CopyEvent): void;
}
