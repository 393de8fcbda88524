import { AppError } from '../errors/app-error.ts';
import type { PullAllowance } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';

export interface BudgetOptions {
  /** Most pulls of a run. */
  readonly pulls?: number | undefined;
  /** Pulls of a registry's limit that must be left. Default 0. */
  readonly left?: number | undefined;
  /** Whether a run that may pull no more ends, or waits. Default `stop`. */
  readonly onBudget?: 'stop' | 'wait' | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** @throws the signal's reason */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  note(text: string): void;
}

/** What one source adds to the options of the run (regsync's `ratelimit`). */
export interface SourceRules {
  readonly left?: number | undefined;
  /** Milliseconds between two looks at the limit; set: the source is waited for. */
  readonly retryMs?: number | undefined;
}

/** A source of pulls. */
export interface PullSource {
  readonly host: string;
  readonly rules: SourceRules;
  /** What the registry last said of its limit. */
  allowance(): PullAllowance | undefined;
  /** Asks the registry, by a request that is no pull. */
  refresh(call: CallOptions): Promise<void>;
}

/** How often a limit is looked at while it is waited for. */
const LOOK_MS = 5 * 60_000;
/** Docker Hub's window. */
const WINDOW_SECONDS = 6 * 60 * 60;

interface HostPulls {
  underWay: number;
  /** The registry has answered a pull, so that its limit is known if it has one. */
  isKnown: boolean;
  first: Promise<void> | undefined;
  wait: Promise<void> | undefined;
}

/**
 * Counts the pulls of a run (a GET of a manifest; a HEAD is none), and ends or holds up the run
 * before a registry refuses one.
 */
export class PullBudget {
  readonly #options: BudgetOptions;
  readonly #hosts = new Map<string, HostPulls>();
  #used = 0;
  #inWindow = 0;
  #isOver = false;

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  /** Whether pulls of a source have to be held up, and not only when its registry says so. */
  isLimiting({ left }: SourceRules): boolean {
    return [this.#options.pulls, this.#options.left, left].some((one) => one !== undefined);
  }

  /** Pulls so far. */
  get used(): number {
    return this.#used;
  }

  /** The run may pull no more; it was not told to wait. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Pulls once it may. @throws AppError RATE_LIMITED; the errors of `pull` */
  async pull<T>(source: PullSource, pull: () => Promise<T>, call: CallOptions): Promise<T> {
    for (;;) {
      const end = await this.#begin(source, call);
      try {
        return await pull();
      } catch (error) {
        if (!isLimited(error) || !this.#waits(source)) throw error;
        await this.#wait(source, this.#retryAt(error), call);
      } finally {
        end();
      }
    }
  }

  async #begin(source: PullSource, call: CallOptions): Promise<() => void> {
    const host = this.#host(source.host);
    for (;;) {
      call.signal?.throwIfAborted();
      const why = this.#refusal(source, host);
      if (why !== undefined) await this.#holdUp(source, why, call);
      else if (host.isKnown || host.first === undefined) break;
      // The first pull tells how many are left, so that the others wait for it.
      else await host.first;
    }
    this.#used += 1;
    this.#inWindow += 1;
    host.underWay += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!host.isKnown) host.first = promise;
    return () => {
      host.underWay -= 1;
      host.isKnown = true;
      resolve();
    };
  }

  /** Why the next pull must not be sent. */
  #refusal(source: PullSource, host: HostPulls): string | undefined {
    const { pulls, left = 0 } = this.#options;
    if (pulls !== undefined && this.#inWindow >= pulls) {
      return `the budget of ${pulls} pulls is used up`;
    }
    const { remaining } = source.allowance() ?? {};
    const keep = Math.max(left, source.rules.left ?? 0);
    if (remaining === undefined || remaining - host.underWay > keep) return undefined;
    return keep === 0 ? 'no pull is left' : `${remaining} pulls are left, and ${keep} are to stay`;
  }

  #waits({ rules }: PullSource): boolean {
    return rules.retryMs !== undefined || this.#options.onBudget === 'wait';
  }

  async #holdUp(source: PullSource, why: string, call: CallOptions): Promise<void> {
    if (this.#waits(source)) {
      this.#options.note(`waiting for ${source.host}: ${why}`);
      await this.#wait(source, undefined, call);
      return;
    }
    this.#isOver = true;
    throw new AppError('RATE_LIMITED', `cannot pull more from ${source.host}: ${why}`, {
      hint: 'Run the same command again later: it goes on there. Or let it wait: --on-budget wait',
    });
  }

  /** One wait a host, for all that need it. */
  #wait(source: PullSource, until: number | undefined, call: CallOptions): Promise<void> {
    const host = this.#host(source.host);
    host.wait ??= this.#pause(source, until, call).finally(() => {
      host.wait = undefined;
    });
    return host.wait;
  }

  async #pause(source: PullSource, until: number | undefined, call: CallOptions): Promise<void> {
    const { sleep, pulls } = this.#options;
    const { windowSeconds, resetSeconds } = source.allowance() ?? {};
    if (pulls !== undefined && this.#inWindow >= pulls) {
      await sleep(1000 * (resetSeconds ?? windowSeconds ?? WINDOW_SECONDS), call.signal);
      this.#inWindow = 0;
      return;
    }
    const look = source.rules.retryMs ?? LOOK_MS;
    const told = until ?? (resetSeconds === undefined ? undefined : resetSeconds * 1000);
    await sleep(Math.min(look, told ?? look), call.signal);
    try {
      await source.refresh(call);
    } catch (error) {
      if (!isLimited(error)) throw error;
    }
  }

  /** Milliseconds until the time that the registry named. */
  #retryAt(error: AppError): number | undefined {
    const at = error.details?.['retryAt'];
    const ms = typeof at === 'string' ? Date.parse(at) - this.#options.now() : Number.NaN;
    return Number.isNaN(ms) ? undefined : Math.max(0, ms);
  }

  #host(name: string): HostPulls {
    const known = this.#hosts.get(name) ?? {
      underWay: 0,
      isKnown: false,
      first: undefined,
      wait: undefined,
    };
    this.#hosts.set(name, known);
    return known;
  }
}

function isLimited(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'RATE_LIMITED';
}
