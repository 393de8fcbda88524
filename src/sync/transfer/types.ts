import type { CopyEvent } from '../../copy/types.ts';
import type { Platform } from '../../oci/platform.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { PullBudget } from '../budget.ts';
import type { SyncPlaces } from '../places.ts';
import type { PlannedRoute } from '../plan/types.ts';
import type { ImageResult } from '../results.ts';
import type { SyncState } from '../state.ts';
import type { Expand } from '../templates.ts';

export type SyncMode =
  /** Copies images. */
  | 'run'
  /** Reports what a run copies, and its size. */
  | 'dry-run'
  /** Reports only what is out of date: two requests per image. */
  | 'check';

export interface RunOptions extends CallOptions {
  readonly places: SyncPlaces;
  readonly mode: SyncMode;
  /** Concurrent requests to each side of a pair of registries. */
  readonly concurrency: number;
  /** Concurrent images between two registries. */
  readonly jobs: number;
  readonly hostPlatform: Platform;
  readonly preserveDigests?: boolean | undefined;
  readonly stopAtFirst?: boolean | undefined;
  readonly expand: Expand;
  /** Converts the source, if the job changes its format. */
  readonly convert?:
    | ((
        store: ReadStore,
        route: PlannedRoute,
        indexPlatform: Platform | undefined,
      ) => Promise<ReadStore | undefined>)
    | undefined;
  /** Names the conversion: what was converted otherwise is not the same. */
  readonly conversion?: string | undefined;
  /** Counts and limits pulls. */
  readonly budget?: PullBudget | undefined;
  /** What earlier runs wrote and saw; `undefined`: nothing is remembered. */
  readonly state?: SyncState | undefined;
  onImage(result: ImageResult): void;
  emit(event: CopyEvent): void;
}
