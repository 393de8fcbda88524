import type { ResponseHeaders } from './types.ts';

/** Headers from the flat list `[name, value, name, value, …]` in which they arrived. */
export function parseRawHeaders(raw: readonly string[]): ResponseHeaders {
  const lines = new Map<string, string[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const list = lines.get(name) ?? [];
    list.push(raw[i + 1] ?? '');
    lines.set(name, list);
  }
  return {
    get: (name) => lines.get(name.toLowerCase())?.[0],
    all: (name) => lines.get(name.toLowerCase()) ?? [],
    names: () => [...lines.keys()],
  };
}

/** Later records win; names are matched without case and come out in lower case. */
export function mergeHeaders(
  ...records: readonly (Readonly<Record<string, string>> | undefined)[]
): Record<string, string> {
  const merged = new Map<string, string>();
  for (const record of records) {
    for (const [name, value] of Object.entries(record ?? {})) {
      merged.set(name.toLowerCase(), value);
    }
  }
  return Object.fromEntries(merged);
}

/** Headers that say what is asked and never who asks; only they may follow to another origin. */
const CROSS_ORIGIN_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'content-range',
  'content-type',
  'if-match',
  'if-none-match',
  'if-range',
  'range',
]);

/**
 * What remains of a request's headers on another origin. An allow-list, so that Authorization,
 * Cookie and headers from configuration files are lost without being named (GHSA-vh4v-2xq2-g5cg).
 */
export function crossOriginHeaders(
  headers: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(mergeHeaders(headers)).filter(([name]) => CROSS_ORIGIN_HEADERS.has(name)),
  );
}

/** The year 2286 and beyond: as dates can still say it. */
const MAX_SECONDS = 9_999_999_999;

/**
 * `Retry-After` as milliseconds from now; a date in the past is none (RFC 9110 section 10.2.3). A
 * date is measured against the answer's own `Date`: this machine's clock may be a day off.
 */
export function retryAfterMs(headers: ResponseHeaders, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+$/u.test(value)) return Math.min(Number(value), MAX_SECONDS) * 1000;
  const sent = Date.parse(headers.get('date') ?? '');
  const ms = Date.parse(value) - (Number.isNaN(sent) ? now : sent);
  return ms > 0 ? ms : undefined;
}
