import type { ReadStore } from '../store/types.ts';
import { withTaskGroup } from './engine/task-group.ts';
import { CopySession, type ImageOutcome } from './session.ts';
import type { CopyCounts, CopyRunOptions, ImageRequest } from './types.ts';

export interface CopyNamedOptions extends CopyRunOptions {
  /** Chooses what to copy from a source with these image names; empty if its image has no name. */
  choose(names: readonly string[]): readonly ImageRequest[];
}

export interface NamedSummary extends CopyCounts {
  readonly images: readonly (ImageOutcome & { readonly name: string | undefined })[];
}

/**
 * Copies images of an archive. The archive may be a stream that lists its names at its end. Either
 * all images are committed or none.
 * @throws as copyImage does
 */
export async function copyNamed(options: CopyNamedOptions): Promise<NamedSummary> {
  return withTaskGroup(options.signal, async (tasks) => {
    const session = new CopySession(options, tasks);
    await session.takeStream();
    const requests = options.choose(await namesOf(options.source, tasks.signal));
    const images: NamedSummary['images'][number][] = [];
    for (const request of requests) {
      const outcome = await session.image(request);
      images.push({ ...outcome, name: request.destinationTag });
    }
    await session.commit();
    return { images, ...session.counts() };
  });
}

async function namesOf({ capabilities }: ReadStore, signal: AbortSignal): Promise<string[]> {
  return (await Array.fromAsync(capabilities.tags?.tags({ signal }) ?? [])).flat();
}
