import type { Digest } from '../../oci/digest.ts';
import { readRepository } from '../../retention/read/repository.ts';
import type { Location } from '../../transports/types.ts';
import type { ImageResult } from '../results.ts';
import type { SyncJob } from '../types.ts';
import { deleteTags, goneResult, incompleteOf, type DeleteOptions } from './tags.ts';

/** The tags of one repository that a plan file deletes, with the digests that it saw. */
export interface PlannedDelete {
  readonly job: SyncJob;
  readonly target: Location;
  readonly tags: ReadonlyMap<string, Digest>;
}

/** Deletes what a plan names, where nothing failed; a tag that has moved since stays. */
export async function deletePlanned(
  deletes: readonly PlannedDelete[],
  done: readonly ImageResult[],
  options: DeleteOptions,
): Promise<readonly ImageResult[]> {
  const failed = incompleteOf(done);
  const results: ImageResult[] = [];
  for (const { job, target, tags } of deletes) {
    if (failed.some(({ destination }) => destination.startsWith(`${target.name}:`))) continue;
    const { places, concurrency, signal, dryRun } = options;
    await using store = await places.openTarget(target, { signal, forUpdate: true });
    const facts = await readRepository(store, { concurrency, dates: false, signal });
    const moved = [...tags].filter(([tag, digest]) => facts.tags.get(tag) !== digest);
    const going = new Set([...tags.keys()].filter((tag) => facts.tags.get(tag) === tags.get(tag)));
    const now = dryRun
      ? [...going].map((tag) => goneResult(target, tag, tags.get(tag)))
      : await deleteTags({ job, target, going, store, facts }, options);
    results.push(
      ...now,
      ...moved.map(([tag, digest]): ImageResult => ({
        ...goneResult(target, tag, digest),
        outcome: 'skipped',
        because: 'moved',
      })),
    );
  }
  for (const one of results) options.onImage(one);
  return results;
}
