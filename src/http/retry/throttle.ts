import { type BeginWait, UNTOLD } from '../../util/abort.ts';
import { createLimiter, type Limiter } from '../../util/limiter.ts';
import { retryAfterMs } from '../headers.ts';
import { type HostPauses, rateLimitError } from './pauses.ts';
import type { HttpResponse, Middleware } from '../types.ts';

export interface ThrottleOptions {
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** A longer pause is not waited for. */
  readonly maxWaitMs: number;
  readonly pauses: HostPauses;
  readonly beginWait?: BeginWait | undefined;
  /** Requests per host that may wait for headers at a time. Default 8. */
  readonly maxInFlight?: number | undefined;
}

const DEFAULT_IN_FLIGHT = 8;

/**
 * Limits the requests in flight per host, and pauses all of them if one is told to wait. A slot is
 * released when the headers arrive: the readers of bodies limit them.
 * @throws AppError RATE_LIMITED when the host's pause is longer than `maxWaitMs`
 */
export function throttle(options: ThrottleOptions): Middleware {
  const { pauses, beginWait = UNTOLD } = options;
  const limiters = new Map<string, Limiter>();

  const limiterOf = (host: string): Limiter => {
    const limiter = limiters.get(host) ?? createLimiter(options.maxInFlight ?? DEFAULT_IN_FLIGHT);
    limiters.set(host, limiter);
    return limiter;
  };
  const waitFor = async (host: string, signal?: AbortSignal): Promise<void> => {
    let waited = 0;
    let until = pauses.until(host);
    while (until > waited && until > options.now()) {
      const ms = until - options.now();
      if (ms > options.maxWaitMs) throw rateLimitError(host, { until });
      const endWait = beginWait(`${host} to take requests again`);
      try {
        await options.sleep(ms, signal);
      } finally {
        endWait();
      }
      waited = until;
      until = pauses.until(host);
    }
  };
  const note = (host: string, response: HttpResponse): void => {
    if (response.status !== 429 && response.status !== 503) return;
    const ms = retryAfterMs(response.headers, options.now());
    if (ms !== undefined) pauses.extend(host, options.now() + ms);
  };

  return (next) => (request) => {
    const { host } = request.url;
    return limiterOf(host).run(async () => {
      await waitFor(host, request.signal);
      const { method, url } = request;
      const endWait = beginWait(`${host} to answer ${method} ${url.pathname}`, { quiet: true });
      try {
        const response = await next(request);
        note(host, response);
        return response;
      } finally {
        endWait();
      }
    }, request.signal);
  };
}
