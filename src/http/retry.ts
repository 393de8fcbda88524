import { type Bytes } from '../util/bytes.ts';
import { retryAfterMs } from './headers.ts';
import { NetworkError } from './network-error.ts';
import { rateLimited } from './throttle.ts';
import { wordsOf } from './token-response.ts';
import type { HttpRequest, HttpResponse, Middleware } from './types.ts';

export interface RetryEvent {
  /** The try that failed, from 1. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly reason: string;
}

export interface RetryOptions {
  /** Tries after the first. */
  readonly retryTimes: number;
  /** A longer `Retry-After` than this ends the request at once. */
  readonly maxWaitMs: number;
  readonly now: () => number;
  /** [0, 1) */
  readonly random: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly onRetry: (event: RetryEvent) => void;
}

/** Answers that another try may better; 501 and 505 say that none will. */
const RETRIED_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 499, 500, 502, 503, 504, 522]);
const BRIEF_TRIES = 2;
const BASE_MS = 250;
const CAP_MS = 30_000;
const MAX_WORDS_BYTES = 16 * 1024;

/** Docker Hub's pull limit is counted over hours: trying on only spends more of it. */
const PULL_LIMIT = /pull rate limit/iu;

/**
 * Sends again what may be sent twice, after `Retry-After` or an exponential back-off with full
 * jitter. A last 5xx is returned for the caller to word.
 * @throws AppError RATE_LIMITED after the last 429, or when the host asks for too long a wait
 */
export function retry(options: RetryOptions): Middleware {
  return (next) => async (request) => {
    if (!isRepeatable(request)) return next(request);
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await tryOnce(() => next(request));
      const left = options.retryTimes - attempt;
      const plan =
        outcome instanceof NetworkError
          ? planAfterError(outcome, attempt, left, options)
          : await planAfterResponse(outcome, attempt, left, options);
      if (plan === undefined) {
        if (outcome instanceof NetworkError) throw outcome;
        return outcome;
      }
      if (!(outcome instanceof NetworkError)) await outcome.discard();
      options.onRetry({ attempt: attempt + 1, ...plan });
      await options.sleep(plan.delayMs, request.signal);
    }
  };
}

/** PATCH moves an upload on; its caller asks for the offset before it goes on. */
function isRepeatable(request: HttpRequest): boolean {
  return request.idempotent ?? request.method !== 'PATCH';
}

async function tryOnce(run: () => Promise<HttpResponse>): Promise<HttpResponse | NetworkError> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof NetworkError) return error;
    throw error;
  }
}

interface Plan {
  readonly delayMs: number;
  readonly reason: string;
}

function planAfterError(
  error: NetworkError,
  attempt: number,
  left: number,
  options: RetryOptions,
): Plan | undefined {
  const allowed = error.retry === 'always' || (error.retry === 'briefly' && attempt < BRIEF_TRIES);
  if (!allowed || left <= 0) return undefined;
  return { delayMs: backOff(attempt, options), reason: error.message };
}

async function planAfterResponse(
  response: HttpResponse,
  attempt: number,
  left: number,
  options: RetryOptions,
): Promise<Plan | undefined> {
  const { status, url } = response;
  if (!RETRIED_STATUS.has(status)) return undefined;
  const asked = retryAfterMs(response.headers, options.now());
  const until = asked === undefined ? undefined : options.now() + asked;
  if (asked !== undefined && asked > options.maxWaitMs) {
    throw rateLimited(url.host, until, await readWords(response));
  }
  if (status === 429) {
    const words = await readWords(response);
    const hopeless = asked === undefined && words !== undefined && PULL_LIMIT.test(words);
    if (hopeless || left <= 0) throw rateLimited(url.host, until, words);
  }
  if (left <= 0) return undefined;
  const delayMs = asked === undefined || asked === 0 ? backOff(attempt, options) : asked;
  return { delayMs, reason: `HTTP ${status} from ${url.host}` };
}

/** Full jitter: anything from zero up to a ceiling that doubles. */
function backOff(attempt: number, { random }: RetryOptions): number {
  return Math.round(random() * Math.min(CAP_MS, BASE_MS * 2 ** attempt));
}

async function readWords(response: HttpResponse): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of limited(response.body)) chunks.push(chunk);
  } catch {
    // The status has been told; the words are a courtesy.
  }
  return wordsOf(Buffer.concat(chunks));
}

async function* limited(body: Bytes): Bytes {
  let left = MAX_WORDS_BYTES;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}
