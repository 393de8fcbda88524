import { parseGoDuration } from './formats/duration.ts';

/** When a job runs. */
export interface Schedule {
  /** Returns the first time after `from`; `undefined` if there is none. */
  next(from: Date): Date | undefined;
}

interface FieldRule {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const FIELDS: readonly FieldRule[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: ['', ...MONTHS] },
  { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

function numberOf(text: string, { names = [] }: FieldRule): number {
  const named = text === '' ? -1 : names.indexOf(text.toLowerCase());
  if (named >= 0) return named;
  if (/^\+?\d{1,9}$/u.test(text)) return Number(text);
  throw new Error(`"${text}" is no number`);
}

/** Parses one part of a field between commas; undefined means "every". */
function valuesOf(part: string, rule: FieldRule): readonly number[] | undefined {
  const [range = '', step, ...slashes] = part.split('/');
  const [low = '', high, ...hyphens] = range.split('-');
  if (slashes.length + hyphens.length > 0) throw new Error(`"${part}" cannot be read`);
  const isAny = low === '*' || low === '?';
  const start = isAny ? rule.min : numberOf(low, rule);
  const last = step === undefined ? start : rule.max;
  const end = isAny ? rule.max : high === undefined ? last : numberOf(high, rule);
  const stride = step === undefined ? 1 : numberOf(step, { min: 1, max: rule.max });
  if (start < rule.min || end > rule.max || start > end || stride === 0) {
    throw new Error(`"${part}" is not within ${rule.min} and ${rule.max}`);
  }
  if (isAny && stride === 1) return undefined;
  const values: number[] = [];
  for (let value = start; value <= end; value += stride) values.push(value);
  return values;
}

/** Writes out all values, so that croner sees only syntax that both parsers read alike. */
function fieldOf(text: string, rule: FieldRule): string {
  const parts = text.split(',').filter((part) => part !== '');
  if (parts.length === 0) throw new Error(`"${text}" names no time`);
  const values = parts.map((part) => valuesOf(part, rule));
  return values.includes(undefined) ? '*' : [...new Set(values.flat())].join(',');
}

const SECOND = 1000;

/** Repeats every whole number of seconds, at least one, counted from the last full second. */
function every(ms: number): Schedule {
  const step = Math.max(SECOND, Math.floor(ms / SECOND) * SECOND);
  return {
    next: (from) => new Date(Math.floor((from.getTime() + step) / SECOND) * SECOND),
  };
}

/**
 * Parses a schedule in regsync's syntax (robfig/cron v3): five fields, `@daily`, `@every 1h30m`,
 * with an optional `CRON_TZ=Europe/Berlin` before them. The default time zone is `zone`, else the
 * machine's.
 * @throws Error that names what is invalid
 */
export async function parseSchedule(text: string, zone?: string): Promise<Schedule> {
  if (text === '') throw new Error('the schedule is empty');
  const [, named, rest] = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/su.exec(text) ?? [];
  const timezone = named ?? zone;
  if (named !== undefined) checkZone(named);
  const spec = rest?.trim() ?? text;
  if (spec.startsWith('@every ')) return every(parseGoDuration(spec.slice('@every '.length)));
  if (spec.startsWith('@') && !Object.hasOwn(DESCRIPTORS, spec)) {
    throw new Error(`"${spec}" is no schedule`);
  }
  const fields = (DESCRIPTORS[spec] ?? spec).split(/\s+/u).filter((field) => field !== '');
  if (fields.length !== FIELDS.length) {
    throw new Error(`a schedule has five fields, not ${fields.length}`);
  }
  const pattern = FIELDS.map((rule, i) => fieldOf(fields[i] ?? '', rule)).join(' ');
  const { Cron } = await import('croner');
  const cron = new Cron(pattern, {
    mode: '5-part',
    paused: true,
    ...(timezone === undefined ? {} : { timezone }),
  });
  return { next: (from) => cron.nextRun(from) ?? undefined };
}

function checkZone(name: string): void {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
  } catch (error) {
    throw new Error(`there is no time zone "${name}"`, { cause: error });
  }
}
