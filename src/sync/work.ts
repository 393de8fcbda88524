import { deleteLeft } from './deletion/left.ts';
import { deletePlanned, type PlannedDelete } from './deletion/planned.ts';
import { noteRuns } from './job-runs.ts';
import type { SyncPlan } from './plan/types.ts';
import type { ImageResult } from './results.ts';
import { runSync } from './transfer/run.ts';
import type { RunOptions } from './transfer/types.ts';

/** Images between two registries at the same time. */
export const DEFAULT_JOBS = 8;

export interface WorkOptions extends RunOptions {
  /** The tags to delete, by a plan file. Default: what left the source, where a job says so. */
  readonly deletes?: readonly PlannedDelete[] | undefined;
}

/** Copies, then deletes. What was done is in the state, also if this throws. */
export async function doWork(
  plan: SyncPlan,
  { deletes, ...options }: WorkOptions,
): Promise<readonly ImageResult[]> {
  const { mode, state } = options;
  const deletion = { ...options, state, dryRun: mode === 'dry-run' };
  try {
    const images = await runSync(plan, options);
    const deleted =
      deletes !== undefined
        ? await deletePlanned(deletes, images, deletion)
        : mode === 'check'
          ? []
          : await deleteLeft(plan, images, deletion);
    const all = [...images, ...deleted];
    if (mode === 'run' && state !== undefined) noteRuns(state, plan, all);
    return all;
  } finally {
    if (mode === 'run') await state?.save();
  }
}
