import { withTaskGroup } from './engine/task-group.ts';
import { CopySession } from './session.ts';
import type { CopyOptions, CopySummary } from './types.ts';

/**
 * Copies one image or artifact; for an index, all platforms unless `platforms` is given. Digests
 * are kept. The root is pushed last, together with its tag, so a failed run leaves no tag.
 * @throws CopyError naming the side that failed; AppError PLATFORM_UNKNOWN, TAG_EXISTS (noClobber),
 * DIGEST_CHANGED (preserveDigests), UNSUPPORTED; the signal's reason if aborted
 * @example
 * import { createClient } from '@regctl/cli';
 * import { copyImage } from '@regctl/cli/copy';
 * import { openLayoutForWrite } from '@regctl/cli/transports';
 *
 * await using client = createClient();
 * await using source = await client.openRead('alpine');
 * await using destination = await openLayoutForWrite('./alpine');
 * const tags = { sourceRef: '3.20', destinationTag: '3.20' };
 * const run = { source, destination, concurrency: 6, emit: console.debug };
 * const { bytes } = await copyImage({ ...run, ...tags });
 * console.log(bytes.sent);
 */
export async function copyImage(options: CopyOptions): Promise<CopySummary> {
  return withTaskGroup(options.signal, async (tasks) => {
    const session = new CopySession(options, tasks);
    const outcome = await session.image(options);
    if (options.commit !== false) await session.commit();
    return { ...outcome, ...session.counts() };
  });
}
