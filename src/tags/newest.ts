import type { ReadStore } from '../store/types.ts';
import { describeTags, type DetailsOptions, type TagDetails } from './details.ts';
import { compareNames } from './order.ts';

/** Oldest first; what has no date counts as oldest. */
export function compareCreated(a: TagDetails, b: TagDetails): number {
  const [left, right] = [timeOf(a), timeOf(b)];
  return left === right ? compareNames(a.Name, b.Name) : left < right ? -1 : 1;
}

function timeOf({ Created }: TagDetails): number {
  const time = Date.parse(Created ?? '');
  return Number.isNaN(time) ? -Infinity : time;
}

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
