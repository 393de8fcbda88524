import type { Descriptor } from '../oci/descriptor.ts';
import type { PushOutcome } from '../store/types.ts';

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
  readonly descriptor: Descriptor;
  readonly blobs: { readonly written: number; readonly mounted: number; readonly present: number };
  readonly bytes: { readonly sent: number; readonly skipped: number };
}
