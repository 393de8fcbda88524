import type { Bytes } from '../../util/bytes.ts';
import { retryAfterMs } from '../headers.ts';
import { NetworkError } from '../dial/network-error.ts';
import { attemptFacts, type HostPauses, rateLimitError } from './pauses.ts';
import { errorMessageOf } from '../error-words.ts';
import type { HttpResponse } from '../types.ts';

/** A failed try, and the wait before the next. */
export interface RetryEvent {
  /** The try that failed, from 1. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly reason: string;
}

export interface RetryOptions {
  /** Tries after the first. */
  readonly retryTimes: number;
  /** Maximum total wait of one series of tries; a longer `Retry-After` ends it immediately. */
  readonly maxWaitMs: number;
  /** The wait before each further try; `undefined`: exponential back-off. */
  readonly delayMs?: number | undefined;
  readonly now: () => number;
  /** [0, 1) */
  readonly random: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly onRetry: (event: RetryEvent) => void;
  readonly pauses: HostPauses;
}

/**
 * The only retry policy: what is tried again, how often and after what wait, in every layer.
 */
export type RetryPolicy = (signal?: AbortSignal) => RetryState;

/** Content that was sent but is not visible yet (eventual consistency). */
export interface NotYetVisible {
  readonly reason: string;
  /** Maximum number of waits for it in one series, independent of the number of tries. */
  readonly maxWaits: number;
}

/** One task that is tried until it succeeds or is given up. */
export interface RetryState {
  /**
   * Judges a failed try. True: it has waited and discarded the response: try again. False: the
   * result is final.
   * @throws AppError RATE_LIMITED after the last 429, or when the host asks for too long a wait;
   * the signal's reason
   */
  shouldRetry(outcome: HttpResponse | NetworkError | NotYetVisible): Promise<boolean>;
  /** It made progress: tries are counted from the beginning again. */
  progressed(): void;
  /** Failed tries since the last progress. */
  readonly failed: number;
}

/** For requests whose first failure is final. */
export const NO_RETRIES: RetryPolicy = () => ({
  shouldRetry: () => Promise.resolve(false),
  progressed: () => undefined,
  failed: 1,
});

const BRIEF_ATTEMPTS = 2;
const BASE_MS = 250;
const CAP_MS = 30_000;
/** A store needs seconds to replicate what it received; an immediate try is too early. */
const VISIBILITY_MS = 2000;
const MAX_MESSAGE_BYTES = 16 * 1024;
/**
 * Maximum addition to a `Retry-After`, so that clients that got the same value do not return at the
 * same time.
 */
const SPREAD_MS = 1000;

/** In addition to server errors: 499 is nginx's, if a proxy believed that the client was gone. */
const RETRIED_BELOW_500: ReadonlySet<number> = new Set([408, 425, 429, 499]);
/**
 * Server errors that another try gets again (RFC 9110, 7231, 2295, 4918, 5842, 2774, 6585).
 */
const FINAL_FROM_500: ReadonlySet<number> = new Set([501, 505, 506, 507, 508, 510, 511]);

/** Docker Hub's pull limit is counted over hours: further tries only use more of it. */
const PULL_LIMIT = /pull rate limit/iu;

/** Whether another try may succeed. */
export function isRetryableStatus(status: number): boolean {
  return status < 500 ? RETRIED_BELOW_500.has(status) : !FINAL_FROM_500.has(status);
}

/** `Retry-After` in full, else an exponential back-off with full jitter. */
export function createRetryPolicy(options: RetryOptions): RetryPolicy {
  return (signal) => new RetrySeries(options, signal);
}

interface RetryDelay {
  readonly delayMs: number;
  readonly reason: string;
}

class RetrySeries implements RetryState {
  readonly #options: RetryOptions;
  readonly #signal: AbortSignal | undefined;
  #failed = 0;
  #waited = 0;

  constructor(options: RetryOptions, signal: AbortSignal | undefined) {
    this.#options = options;
    this.#signal = signal;
  }

  get failed(): number {
    return this.#failed;
  }

  progressed(): void {
    this.#failed = 0;
    this.#waited = 0;
  }

  async shouldRetry(outcome: HttpResponse | NetworkError | NotYetVisible): Promise<boolean> {
    this.#failed += 1;
    const plan = await this.#plan(outcome);
    if (plan === undefined || this.#waited + plan.delayMs > this.#options.maxWaitMs) return false;
    if ('discard' in outcome) await outcome.discard();
    this.#options.onRetry({ attempt: this.#failed, ...plan });
    await this.#options.sleep(plan.delayMs, this.#signal);
    this.#waited += plan.delayMs;
    return true;
  }

  get #left(): number {
    return this.#options.retryTimes - this.#failed + 1;
  }

  async #plan(
    outcome: HttpResponse | NetworkError | NotYetVisible,
  ): Promise<RetryDelay | undefined> {
    if (outcome instanceof NetworkError) return this.#afterError(outcome);
    return 'discard' in outcome ? this.#after(outcome) : this.#afterLag(outcome);
  }

  /** Half of the wait is fixed, the other half random. */
  #afterLag({ reason, maxWaits }: NotYetVisible): RetryDelay | undefined {
    if (this.#failed > maxWaits || this.#left <= 0) return undefined;
    const ceiling = VISIBILITY_MS * 2 ** (this.#failed - 1);
    return { delayMs: Math.round((ceiling * (1 + this.#options.random())) / 2), reason };
  }

  #afterError(error: NetworkError): RetryDelay | undefined {
    const brief = error.retry === 'briefly' && this.#failed <= BRIEF_ATTEMPTS;
    if (!(error.retry === 'always' || brief) || this.#left <= 0) return undefined;
    return { delayMs: this.#backOff(), reason: error.message };
  }

  async #after(response: HttpResponse): Promise<RetryDelay | undefined> {
    const { status, url, headers } = response;
    if (!isRetryableStatus(status)) return undefined;
    const { now, maxWaitMs, pauses, random } = this.#options;
    const asked = retryAfterMs(headers, now());
    const until = asked === undefined ? undefined : now() + asked;
    const attempts = this.#failed;
    if (asked !== undefined && asked > maxWaitMs - this.#waited) {
      throw rateLimitError(url.host, {
        until,
        message: await readErrorMessage(response),
        attempts,
      });
    }
    if (status === 429) {
      const message = await readErrorMessage(response);
      const hopeless = asked === undefined && message !== undefined && PULL_LIMIT.test(message);
      if (hopeless || this.#left <= 0) throw rateLimitError(url.host, { until, message, attempts });
    }
    if (this.#left <= 0) return undefined;
    const spread = (ms: number): number => Math.round(random() * Math.min(SPREAD_MS, ms / 10));
    const room = maxWaitMs - this.#waited;
    const delayMs =
      asked === undefined || asked === 0 ? this.#backOff() : Math.min(asked + spread(asked), room);
    if (status === 429 || status === 503) pauses.extend(url.host, now() + delayMs);
    return { delayMs, reason: `HTTP ${status} from ${url.host}` };
  }

  /** The configured wait, else full jitter: from zero up to a ceiling that doubles. */
  #backOff(): number {
    if (this.#options.delayMs !== undefined) return this.#options.delayMs;
    const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** (this.#failed - 1));
    return Math.round(this.#options.random() * ceiling);
  }
}

/** The last error of a series, with the number of tries. */
export function withAttempts(error: NetworkError, state: RetryState): NetworkError {
  const tries = attemptFacts(state.failed);
  if (tries.length === 0) return error;
  const { code, message, retry, hint, why, cause } = error;
  return new NetworkError(code, message, { retry, hint, why: [...why, ...tries], cause });
}

async function readErrorMessage(response: HttpResponse): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of limited(response.body)) chunks.push(chunk);
  } catch {
    // The status is known; the message is optional.
  }
  return errorMessageOf(Buffer.concat(chunks), response.redactSecrets);
}

async function* limited(body: Bytes): Bytes {
  let left = MAX_MESSAGE_BYTES;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}
