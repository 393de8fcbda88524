import { IntegrityError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { RetryOtherMirrorError } from '../../store/errors.ts';
import type { PushOptions, Source } from '../../store/types.ts';
import { createLimiter, type Limiter } from '../../util/limiter.ts';
import type { CopyRunOptions } from '../types.ts';
import type { Counters } from './counters.ts';
import { attribute, type CopySide } from './errors.ts';
import { maxInFlight, type Slots } from './slots.ts';
import type { TaskGroup } from './task-group.ts';
import { whenOver } from './transfer-slots.ts';

/**
 * Sends single blobs and manifests to the destination, and retries after damage or from another
 * mirror.
 */
export class Transfers {
  readonly #run: CopyRunOptions;
  readonly #tasks: TaskGroup;
  readonly #counters: Counters;
  readonly #slots: Slots;
  /** Set if the destination accepts fewer pushes than may be in flight. */
  readonly #pushes: Limiter | undefined;

  constructor(run: CopyRunOptions, tasks: TaskGroup, slots: Slots, counters: Counters) {
    this.#run = run;
    this.#tasks = tasks;
    this.#counters = counters;
    this.#slots = slots;
    const most = run.destination.traits.maxParallelPushes;
    this.#pushes = most < maxInFlight(run.concurrency) ? createLimiter(most) : undefined;
  }

  /** Pushes data that is in memory already. */
  async push(source: Source, extra: PushOptions): Promise<void> {
    await this.#pushTurn(() => this.on('destination', () => this.#send(source, extra)));
  }

  /** Pushes data that is fetched while it is sent. */
  async stream(source: Source, extra: PushOptions): Promise<void> {
    await this.#pushTurn(() =>
      this.#slots.transfer(source, (passing) => this.#send(passing, extra), this.#tasks.signal),
    );
  }

  async #send(source: Source, extra: PushOptions): Promise<void> {
    this.#counters.start(source.descriptor);
    let damage: IntegrityError | undefined;
    for (;;) {
      const end = await this.#sendOnce(source, extra, damage);
      if (end === 'done') return;
      if (end !== 'elsewhere') damage = end;
    }
  }

  /**
   * Returns `elsewhere` if the source was interrupted and can be opened again. Returns an error,
   * once, if the source sent the wrong bytes, because the next attempt may succeed. `damage`: that
   * error, on the next attempt.
   */
  async #sendOnce(
    source: Source,
    extra: PushOptions,
    damage: IntegrityError | undefined,
  ): Promise<'done' | 'elsewhere' | IntegrityError> {
    const { descriptor } = source;
    const watched = observeSource(source);
    try {
      const outcome = await this.#run.destination.push(watched, {
        ...extra,
        signal: this.#tasks.signal,
        onBytes: (done) => this.#counters.bytes(descriptor, done),
        onSent: (bytes) => this.#counters.sent(descriptor, bytes),
      });
      this.#counters.end(descriptor, outcome);
      return 'done';
    } catch (error) {
      const failure = watched.failure?.error;
      if (failure instanceof RetryOtherMirrorError) return 'elsewhere';
      if (damage === undefined && failure instanceof IntegrityError) return failure;
      // A stream that cannot be read twice is not the cause.
      const cause = damage ?? failure;
      if (cause === undefined) {
        throw attribute(
          'destination',
          this.failureText('write', descriptor),
          error,
          descriptor.digest,
        );
      }
      throw attribute('source', this.failureText('read', descriptor), cause, descriptor.digest);
    }
  }

  /** Holds a slot during one request, never while waiting for children. */
  on<T>(side: CopySide, task: () => Promise<T>): Promise<T> {
    return this.#slots.on(side, task, this.#tasks.signal);
  }

  #pushTurn(turn: () => Promise<void>): Promise<void> {
    return this.#pushes?.run(turn, this.#tasks.signal) ?? turn();
  }

  failureText(verb: 'read' | 'write' | 'look up', { digest }: Descriptor): string {
    const { source, destination } = this.#run;
    if (verb === 'read') return `cannot read ${digest} from ${source.label}`;
    return verb === 'write'
      ? `cannot write ${digest} to ${destination.label}`
      : `cannot look up ${digest} in ${destination.label}`;
  }
}

/**
 * A source that remembers how its latest opening failed, so that a push can tell which side failed.
 */
export interface ObservedSource extends Source {
  readonly failure: { readonly error: unknown } | undefined;
}

export function observeSource(source: Source): ObservedSource {
  let failure: { readonly error: unknown } | undefined;
  return {
    descriptor: source.descriptor,
    get failure() {
      return failure;
    },
    async open(options) {
      failure = undefined;
      try {
        return whenOver(await source.open(options), (how) => {
          if (how !== undefined) failure = how;
        });
      } catch (error) {
        failure = { error };
        throw error;
      }
    },
  };
}
