import type { ResponseHeaders } from './types.ts';

/** Parses headers from the flat list `[name, value, name, value, …]` in which they arrive. */
export function parseRawHeaders(raw: readonly string[]): ResponseHeaders {
  let known: ReadonlyMap<string, readonly string[]> | undefined;
  const lines = (): ReadonlyMap<string, readonly string[]> => (known ??= linesOf(raw));
  return {
    get: (name) => lines().get(name.toLowerCase())?.[0],
    all: (name) => lines().get(name.toLowerCase()) ?? [],
    names: () => [...lines().keys()],
  };
}

function linesOf(raw: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const lines = new Map<string, string[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const list = lines.get(name) ?? [];
    list.push(raw[i + 1] ?? '');
    lines.set(name, list);
  }
  return lines;
}

/** Later records win; names are case-insensitive and returned in lower case. */
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

/** Headers that describe the request and not the sender; only they may go to another origin. */
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
 * Keeps the headers of a request that may go to another origin. An allowlist, so that
 * Authorization, Cookie and headers from configuration files are dropped without being listed
 * (GHSA-vh4v-2xq2-g5cg).
 */
export function crossOriginHeaders(
  headers: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(mergeHeaders(headers)).filter(([name]) => CROSS_ORIGIN_HEADERS.has(name)),
  );
}

/** The year 2286, which a date can still represent. */
const MAX_SECONDS = 9_999_999_999;

/**
 * Parses `Retry-After` as milliseconds from now; a past date is none (RFC 9110 section 10.2.3). A
 * date is relative to the answer's own `Date`, because this machine's clock may be wrong.
 */
export function retryAfterMs(headers: ResponseHeaders, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+$/u.test(value)) return Math.min(Number(value), MAX_SECONDS) * 1000;
  const sent = Date.parse(headers.get('date') ?? '');
  const ms = Date.parse(value) - (Number.isNaN(sent) ? now : sent);
  return ms > 0 ? ms : undefined;
}
