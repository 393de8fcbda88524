import type { ResponseHeaders } from '../../http/types.ts';

/** Docker Hub's pull allowance. */
export interface RateLimit {
  readonly limit: number;
  readonly remaining: number | undefined;
  /** Length of the window in seconds. */
  readonly windowSeconds: number | undefined;
  /** Seconds until the window starts anew, where the registry says so. */
  readonly resetSeconds: number | undefined;
  /** Who is counted: an address or an account id. */
  readonly source: string | undefined;
}

interface Quota {
  readonly value: number;
  readonly window: number | undefined;
}

/**
 * `ratelimit-limit: 100;w=21600`, a list of such, or a plain number; `undefined` without the
 * header, which means unlimited. Of several windows the one with the least left counts.
 */
export function parseRateLimit(headers: ResponseHeaders): RateLimit | undefined {
  const limits = quotas(headers, 'ratelimit-limit');
  const left = quotas(headers, 'ratelimit-remaining');
  const [first] = limits;
  if (first === undefined) return undefined;
  const scarcest = left.reduce<Quota | undefined>(
    (low, one) => (low === undefined || one.value < low.value ? one : low),
    undefined,
  );
  const limit = limits.find((one) => one.window === scarcest?.window) ?? first;
  const reset = quotas(headers, 'ratelimit-reset')[0];
  return {
    limit: limit.value,
    remaining: scarcest?.value,
    windowSeconds: limit.window ?? scarcest?.window ?? windowOf(limits, limit.value),
    resetSeconds: reset?.value,
    source: headers.get('docker-ratelimit-source')?.trim(),
  };
}

/** A list may name the limit first and its window with a later entry: `100, 100;w=21600`. */
function windowOf(limits: readonly Quota[], value: number): number | undefined {
  return limits.find((one) => one.value === value && one.window !== undefined)?.window;
}

function quotas(headers: ResponseHeaders, name: string): Quota[] {
  return headers.all(name).flatMap((line) => line.split(',').flatMap(quota));
}

function quota(text: string): Quota[] {
  const [value, ...parameters] = text.split(';').map((part) => part.trim());
  if (value === undefined || !/^\d{1,12}$/.test(value)) return [];
  const window = parameters.find((one) => /^w=\d{1,12}$/.test(one));
  return [
    { value: Number(value), window: window === undefined ? undefined : Number(window.slice(2)) },
  ];
}
