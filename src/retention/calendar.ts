import type { CalendarRule } from './rules.ts';
import type { Time } from './types.ts';

export interface Dated {
  readonly tag: string;
  readonly date: Time;
}

/** The newest tags of each of the newest periods; equal dates stay together. */
export function newestOfBuckets(
  dated: readonly Dated[],
  buckets: number,
  bucketOf: (date: Date) => string,
): string[] {
  const kept: string[] = [];
  let left = buckets;
  let bucket: string | undefined;
  let newest: Time | undefined;
  for (const { tag, date } of dated.toSorted((a, b) => b.date - a.date)) {
    const own = bucketOf(new Date(date));
    if (own !== bucket) {
      if (left === 0) break;
      left -= 1;
      bucket = own;
      newest = date;
    }
    if (date === newest) kept.push(tag);
  }
  return kept;
}

/** Periods in UTC, with ISO weeks. */
export const BUCKETS: Readonly<Record<CalendarRule, (date: Date) => string>> = {
  keepDaily: (date) => date.toISOString().slice(0, -14),
  keepWeekly: isoWeek,
  keepMonthly: (date) => date.toISOString().slice(0, -17),
  keepYearly: (date) => String(date.getUTCFullYear()),
};

const DAY = 24 * 3_600_000;

/** The ISO 8601 week of a date, by its Monday: it contains the Thursday of that week. */
function isoWeek(date: Date): string {
  const monday = Math.floor((date.getTime() / DAY + 3) / 7);
  return String(monday);
}
