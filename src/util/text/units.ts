import prettyBytes from 'pretty-bytes';

/** Formats bytes in powers of 1000, as `docker images` does: "3.62 MB". */
export function formatSize(bytes: number): string {
  return prettyBytes(bytes);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Units, each with the minimum age in milliseconds from which it is used. */
const AGE_UNITS: readonly { readonly name: string; readonly ms: number; readonly from: number }[] =
  [
    { name: 'year', ms: 365 * DAY, from: 2 * 365 * DAY },
    { name: 'month', ms: 30 * DAY, from: 60 * DAY },
    { name: 'week', ms: 7 * DAY, from: 14 * DAY },
    { name: 'day', ms: DAY, from: 2 * DAY },
    { name: 'hour', ms: HOUR, from: 2 * HOUR },
    { name: 'minute', ms: MINUTE, from: 2 * MINUTE },
  ];

/** Formats a time in milliseconds since 1970: "3 weeks ago"; empty without one. */
export function formatAge(then: number | undefined, now: Date): string {
  if (then === undefined) return '';
  const age = now.getTime() - then;
  if (age < 0) return 'in the future';
  const unit = AGE_UNITS.find(({ from }) => age >= from);
  return unit === undefined ? 'just now' : `${Math.floor(age / unit.ms)} ${unit.name}s ago`;
}

/** "6 h", "90 min", "45 s". */
export function formatSeconds(seconds: number): string {
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds >= 60 && seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}
