const UNIT_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Upper limit of Go's int64 of nanoseconds. */
const MAX_NS = 2 ** 63;

/**
 * Parses a Go duration ("1h30m", "1.5h", "-5s", "0") to milliseconds.
 * @throws Error with the reason
 */
export function parseGoDuration(text: string): number {
  const sign = /^[+-]/u.exec(text)?.[0] ?? '';
  let rest = text.slice(sign.length);
  if (rest === '0') return 0;
  if (rest === '') throw new Error(`"${text}" is no duration`);
  let total = 0;
  while (rest !== '') {
    const [whole = '', number = '', unit = ''] =
      /^(\d+(?:\.\d*)?|\.\d+)([^\d.]*)/u.exec(rest) ?? [];
    if (whole === '') throw new Error(`"${text}" is no duration`);
    if (unit === '') throw new Error(`"${text}" has a number without a unit`);
    const size = Object.hasOwn(UNIT_NS, unit) ? UNIT_NS[unit] : undefined;
    if (size === undefined) throw new Error(`"${text}" has the unknown unit "${unit}"`);
    total += Number(number) * size;
    if (total >= MAX_NS) throw new Error(`"${text}" is too long`);
    rest = rest.slice(whole.length);
  }
  return ((sign === '-' ? -1 : 1) * total) / 1e6 + 0;
}

/** Formats a duration as Go does: "1h30m0s", "5m0s", "90ms". */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  const all = Math.abs(ms);
  if (all < 1000) return `${sign}${all}ms`;
  const seconds = (all % 60_000) / 1000;
  const minutes = Math.floor(all / 60_000);
  if (minutes === 0) return `${sign}${seconds}s`;
  const hours = Math.floor(minutes / 60);
  return `${sign}${hours > 0 ? `${hours}h` : ''}${minutes % 60}m${seconds}s`;
}
