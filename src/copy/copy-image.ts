import { withTaskGroup } from './engine/task-group.ts';
import { CopySession } from './session.ts';
import type { CopyOptions, CopySummary } from './types.ts';

/**
 * Copies one image or artifact; for an index, all platforms unless `platforms` is given. Digests
 * are kept. The root is pushed last, together with its tag, so a failed run leaves no tag.
 * @throws CopyError naming the side that failed; AppError PLATFORM_UNKNOWN, TAG_EXISTS (noClobber),
 * DIGEST_CHANGED (preserveDigests), UNSUPPORTED; the signal's reason if aborted
 */
export async function copyImage(options: CopyOptions): Promise<CopySummary> {
  return withTaskGroup(options.signal, async (tasks) => {
    const session = new CopySession(options, tasks);
    const outcome = await session.image(options);
    if (options.commit !== false) await session.commit();
    return { ...outcome, ...session.counts() };
  });
}
