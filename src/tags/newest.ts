import type { CallOptions, ReadStore } from '../store/types.ts';
import type { Context } from '../commands/context.ts';
import { compareNames, compareVersions } from './order.ts';
import { describeTags, type TagDetails } from './details.ts';

/** Oldest first; what has no date counts as oldest. */
export function compareCreated(a: TagDetails, b: TagDetails): number {
  const [left, right] = [timeOf(a), timeOf(b)];
  return left === right ? compareNames(a.Name, b.Name) : left < right ? -1 : 1;
}

function timeOf({ Created }: TagDetails): number {
  const time = Date.parse(Created ?? '');
  return Number.isNaN(time) ? -Infinity : time;
}

/** By age each tag is looked up; by version the names are enough. */
export async function newestFirst(
  context: Context,
  store: ReadStore,
  tags: readonly string[],
  by: 'age' | 'version',
  options: CallOptions,
): Promise<string[]> {
  if (by === 'version') return tags.toSorted(compareVersions).toReversed();
  const details = await describeTags(context, store, tags, options);
  return details
    .toSorted(compareCreated)
    .toReversed()
    .map(({ Name }) => Name);
}
