/** Container images are newer; reproducible builds write earlier years (1970, 1980). */
const LAST_PLACEHOLDER_YEAR = 1980;

/** Whether a time means "no date"; milliseconds since 1970. */
export function isPlaceholder(time: number): boolean {
  return new Date(time).getUTCFullYear() <= LAST_PLACEHOLDER_YEAR;
}

/**
 * Returns the build time in milliseconds since 1970; `undefined` for an invalid date and for the
 * dates of reproducible builds: Go's year 1, 1970, 1980.
 */
export function buildTime(text: string | null | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) || isPlaceholder(time) ? undefined : time;
}

/**
 * Whether builds share one whole second, as with one `SOURCE_DATE_EPOCH` for all: the date then
 * does not distinguish them. Engines that use the clock write fractions.
 */
export function isOneForAll(dates: readonly string[]): boolean {
  const times = new Set(dates.map((text) => Date.parse(text)));
  return dates.length > 1 && times.size === 1 && !dates.some((text) => /\.\d*[1-9]/u.test(text));
}
