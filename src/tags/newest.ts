import { buildTime } from '../oci/created.ts';
import type { ReadStore } from '../store/types.ts';
import { describeTags, type DetailsOptions, type TagDetails } from './details.ts';
import { compareNames } from './order.ts';

/**
 * Sorts by age, `oldest` or `newest` first. Items without a date come last in both orders, by name.
 */
export function sortByAge(
  details: readonly TagDetails[],
  first: 'oldest' | 'newest',
): readonly TagDetails[] {
  const sign = first === 'oldest' ? 1 : -1;
  return details.toSorted((a, b) => {
    const [left, right] = [buildTime(a.Created), buildTime(b.Created)];
    if (left === undefined || right === undefined) {
      const order = Number(left === undefined) - Number(right === undefined);
      return order === 0 ? compareNames(a.Name, b.Name) : order;
    }
    return sign * (left === right ? compareNames(a.Name, b.Name) : left - right);
  });
}

/** Tags sorted by age, and tags without a date; each tag is looked up. */
export interface AgedTags {
  readonly newestFirst: readonly string[];
  readonly undated: readonly string[];
}

export async function tagsByAge(
  store: ReadStore,
  tags: readonly string[],
  options: DetailsOptions,
): Promise<AgedTags> {
  const sorted = sortByAge(await describeTags(store, tags, options), 'newest');
  const names = (isDated: boolean): readonly string[] =>
    sorted.filter(({ Created }) => (Created !== null) === isDated).map(({ Name }) => Name);
  return { newestFirst: names(true), undated: names(false) };
}
