import type { ReadStore } from '../store/types.ts';
import { compareCreated, describeTags, type DetailsOptions } from './details.ts';

/** By age; each tag is looked up. */
export async function newestFirst(
  store: ReadStore,
  tags: readonly string[],
  options: DetailsOptions,
): Promise<string[]> {
  const details = await describeTags(store, tags, options);
  return details
    .toSorted(compareCreated)
    .toReversed()
    .map(({ Name }) => Name);
}
