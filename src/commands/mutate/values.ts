import type { Command } from '../../build/mutate/config-edits.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Json } from '../../image/convert/edit-json.ts';

/** `KEY=VALUE` pairs; the last of a key counts. @throws AppError USAGE without a key or "=" */
export function parsePairs(texts: readonly string[], option: string): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)] as const;
      throw new AppError('USAGE', `${option} takes KEY=VALUE, not "${text}"`, {
        hint: `Remove a key with ${option.replace('--', '--unset-')}.`,
      });
    }),
  );
}

/**
 * A command: a JSON array of words, one word, or a line for the shell; an empty text for none.
 * @throws AppError USAGE for an array that is not of words
 */
export function parseCommand(text: string, option: string): Command | undefined {
  if (text.trim() === '') return undefined;
  if (!text.trimStart().startsWith('[')) return /\s/u.test(text) ? { shell: text } : [text];
  const value = parseJson(text);
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new AppError('USAGE', `${option} takes a JSON array of words, not ${text}`, {
    hint: `Quote it for the shell: ${option} '["/bin/app","--serve"]'`,
  });
}

const isPort = (text: string): boolean => Number(text) >= 1 && Number(text) <= 65_535;

/** `PORT[/PROTOCOL]`; tcp is the default, as in a Dockerfile. @throws AppError USAGE */
export function parsePort(text: string): string {
  const [, from = '', to = from, protocol = 'tcp'] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/u.exec(text) ?? [];
  if (isPort(from) && isPort(to) && Number(from) <= Number(to)) {
    return `${from === to ? from : `${from}-${to}`}/${protocol}`;
  }
  throw new AppError('USAGE', `"${text}" is not a port`, {
    hint: 'Write PORT or PORT/PROTOCOL: 8080, 53/udp.',
  });
}

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Options of HEALTHCHECK in a Dockerfile, by their members. */
const CHECK_OPTIONS: Readonly<Record<string, string>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

/**
 * A health check in the words of a Dockerfile: `[--interval=30s …] CMD COMMAND`, `NONE`; or the JSON
 * of a configuration. @throws AppError USAGE
 */
export function parseHealthcheck(text: string): Json {
  if (text.trimStart().startsWith('{')) {
    const json = parseJson(text);
    if (typeof json === 'object' && json !== null) return json as Json;
    throw wrongCheck(text);
  }
  const out: Record<string, unknown> = {};
  let rest = text.trim();
  for (;;) {
    const [whole = '', name = '', value = ''] = /^--([a-z-]+)=(\S+)\s+/u.exec(rest) ?? [];
    if (whole === '') break;
    const member = CHECK_OPTIONS[name];
    if (member !== undefined) out[member] = parseDuration(value);
    else if (name === 'retries' && /^\d{1,9}$/u.test(value)) out['Retries'] = Number(value);
    else throw wrongCheck(text);
    rest = rest.slice(whole.length);
  }
  if (/^none$/iu.test(rest)) return { Test: ['NONE'] };
  const command = rest.replace(/^CMD\s+/u, '');
  if (command === '' || command.startsWith('--')) throw wrongCheck(text);
  const parsed = command.startsWith('[') ? parseCommand(command, '--healthcheck') : undefined;
  const test = Array.isArray(parsed) ? ['CMD', ...(parsed as string[])] : ['CMD-SHELL', command];
  return { Test: test, ...out };
}

/** Nanoseconds of "1m30s". @throws AppError USAGE */
function parseDuration(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+$/u.test(text)) {
    throw new AppError('USAGE', `"${text}" is not a duration`, { hint: 'Write 30s or 1m30s.' });
  }
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/gu)].reduce(
    (sum, [, count = '0', unit = 's']) => sum + Number(count) * (NANOSECONDS[unit] ?? 0),
    0,
  );
}

function wrongCheck(text: string): AppError {
  return new AppError('USAGE', `--healthcheck does not take "${text}"`, {
    hint: "Write it as in a Dockerfile: --healthcheck '--interval=30s CMD curl -f http://localhost/'",
  });
}

/** RFC 3339 without fractions, of RFC 3339, a date or seconds since 1970. @throws AppError USAGE */
export function parseTime(text: string, what: string): string {
  const isSeconds = /^\d{1,12}$/u.test(text);
  const isTime = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))?$/iu;
  const ms = isSeconds ? Number(text) * 1000 : isTime.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms) || Number.isNaN(new Date(ms).getTime())) {
    throw new AppError('USAGE', `${what} is not a time: "${text}"`, {
      hint: 'Write 2026-01-31T12:00:00Z, 2026-01-31, or seconds since 1970.',
    });
  }
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/u, 'Z');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
