const MONTHS =
  'January February March April May June July August September October November December'.split(
    ' ',
  );
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

const two = (value: number): string => String(value).padStart(2, '0');

interface Element {
  readonly print: (time: Date) => string;
  /** The pattern that a text must match, and the part of the date that it sets. */
  readonly read?: readonly [pattern: string, part: Part];
}

type Part = 'year' | 'month' | 'monthName' | 'day' | 'hour' | 'minute' | 'second';

/** Elements of Go's reference time; a longer one comes before its own prefixes. */
const ELEMENTS: readonly (readonly [string, Element])[] = [
  ['2006', { print: (t) => String(t.getUTCFullYear()), read: ['\\d{4}', 'year'] }],
  ['January', { print: (t) => MONTHS[t.getUTCMonth()] ?? '', read: ['[A-Z][a-z]+', 'monthName'] }],
  [
    'Jan',
    {
      print: (t) => (MONTHS[t.getUTCMonth()] ?? '').slice(0, 3),
      read: ['[A-Z][a-z]{2}', 'monthName'],
    },
  ],
  ['Monday', { print: (t) => DAYS[t.getUTCDay()] ?? '' }],
  ['Mon', { print: (t) => (DAYS[t.getUTCDay()] ?? '').slice(0, 3) }],
  ['-0700', { print: () => '+0000' }],
  ['Z07:00', { print: () => 'Z' }],
  ['MST', { print: () => 'UTC' }],
  ['01', { print: (t) => two(t.getUTCMonth() + 1), read: ['\\d{2}', 'month'] }],
  ['02', { print: (t) => two(t.getUTCDate()), read: ['\\d{2}', 'day'] }],
  ['03', { print: (t) => two(t.getUTCHours() % 12 === 0 ? 12 : t.getUTCHours() % 12) }],
  ['04', { print: (t) => two(t.getUTCMinutes()), read: ['\\d{2}', 'minute'] }],
  ['05', { print: (t) => two(t.getUTCSeconds()), read: ['\\d{2}', 'second'] }],
  ['06', { print: (t) => two(t.getUTCFullYear() % 100) }],
  ['15', { print: (t) => two(t.getUTCHours()), read: ['\\d{2}', 'hour'] }],
  ['PM', { print: (t) => (t.getUTCHours() < 12 ? 'AM' : 'PM') }],
  ['1', { print: (t) => String(t.getUTCMonth() + 1), read: ['\\d{1,2}', 'month'] }],
  ['2', { print: (t) => String(t.getUTCDate()), read: ['\\d{1,2}', 'day'] }],
];

/** Splits a layout into its elements and the text between them. */
function* pieces(layout: string): Generator<string | Element> {
  let rest = layout;
  while (rest !== '') {
    const found = ELEMENTS.find(([name]) => rest.startsWith(name));
    yield found?.[1] ?? rest.charAt(0);
    rest = rest.slice(found?.[0].length ?? 1);
  }
}

/** Formats a time as Go's `Format` does, in UTC. */
export function formatGoTime(time: Date, layout: string): string {
  return [...pieces(layout)]
    .map((piece) => (typeof piece === 'string' ? piece : piece.print(time)))
    .join('');
}

/** Parses a time; `undefined` if the text does not match the layout. */
export function parseGoTime(layout: string, text: string): Date | undefined {
  const parts: Part[] = [];
  const pattern = [...pieces(layout)].map((piece) => {
    if (typeof piece === 'string') return piece.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
    if (piece.read === undefined) return '.+?';
    parts.push(piece.read[1]);
    return `(${piece.read[0]})`;
  });
  const match = new RegExp(`^${pattern.join('')}$`, 'u').exec(text);
  if (match === null) return undefined;
  const value = (part: Part, fallback: number): number => {
    const at = parts.indexOf(part);
    return at < 0 ? fallback : Number(match[at + 1]);
  };
  const named = match[parts.indexOf('monthName') + 1] ?? '';
  const byName = parts.includes('monthName')
    ? MONTHS.findIndex((name) => name.startsWith(named)) + 1
    : 1;
  const month = value('month', byName);
  const day = value('day', 1);
  const year = value('year', 0);
  const time = new Date(
    Date.UTC(year, month - 1, day, value('hour', 0), value('minute', 0), value('second', 0)),
  );
  return time.getUTCMonth() === month - 1 && time.getUTCDate() === day ? time : undefined;
}
