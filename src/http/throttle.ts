import { AppError } from '../errors/app-error.ts';
import { createLimiter, type Limiter } from '../util/limiter.ts';
import { retryAfterMs } from './headers.ts';
import type { HttpResponse, Middleware } from './types.ts';

export interface ThrottleOptions {
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** A longer pause than this is not waited for. */
  readonly maxWaitMs: number;
  /** Requests per host that may wait for headers at a time. Default 8. */
  readonly maxInFlight?: number | undefined;
}

const DEFAULT_IN_FLIGHT = 8;

/**
 * Bounds the requests in flight per host, and pauses all of them when one is told to wait. A slot
 * is given back when the headers arrive: bodies are bounded by whoever reads them.
 * @throws AppError RATE_LIMITED when the host's pause is longer than `maxWaitMs`
 */
export function throttle(options: ThrottleOptions): Middleware {
  const limiters = new Map<string, Limiter>();
  const pausedUntil = new Map<string, number>();

  const limiterOf = (host: string): Limiter => {
    const limiter = limiters.get(host) ?? createLimiter(options.maxInFlight ?? DEFAULT_IN_FLIGHT);
    limiters.set(host, limiter);
    return limiter;
  };
  const waitFor = async (host: string, signal?: AbortSignal): Promise<void> => {
    let waited = 0;
    let until = pausedUntil.get(host) ?? 0;
    while (until > waited && until > options.now()) {
      const ms = until - options.now();
      if (ms > options.maxWaitMs) throw rateLimited(host, until);
      await options.sleep(ms, signal);
      waited = until;
      until = pausedUntil.get(host) ?? 0;
    }
  };
  const note = (host: string, response: HttpResponse): void => {
    if (response.status !== 429 && response.status !== 503) return;
    const ms = retryAfterMs(response.headers, options.now());
    if (ms === undefined) return;
    pausedUntil.set(host, Math.max(pausedUntil.get(host) ?? 0, options.now() + ms));
  };

  return (next) => (request) => {
    const { host } = request.url;
    return limiterOf(host).run(async () => {
      await waitFor(host, request.signal);
      const response = await next(request);
      note(host, response);
      return response;
    }, request.signal);
  };
}

/** `until`: milliseconds since the epoch, when the host said it. */
export function rateLimited(host: string, until: number | undefined, words?: string): AppError {
  const when = until === undefined ? undefined : new Date(until).toISOString();
  const said = words === undefined ? '' : `: ${words}`;
  return new AppError('RATE_LIMITED', `${host} limits the rate of requests${said}`, {
    hint:
      when === undefined
        ? `Wait and try again; "regctl login" often raises the limit, "regctl rate-limit" shows it.`
        : `It accepts requests again at ${when}; "regctl login" often raises the limit.`,
    details: { host, ...(when === undefined ? {} : { retryAt: when }) },
  });
}
