import type { Bytes } from '../../util/bytes.ts';
import { ProtocolError } from '../protocol-error.ts';

/** How long a body may pause once another request waits for the upload. */
const SILENCE_MS = 1000;

/**
 * Lets a request replace another one of the same key whose body has stalled: a client that sends
 * again has given up the first connection, which may look open. Waits for a body that still moves.
 */
export interface UploadTakeover {
  /** Passes bytes to `task`; reading throws RANGE_INVALID once another request takes over. */
  run<T>(key: string, bytes: Bytes, task: (bytes: Bytes) => Promise<T>): Promise<T>;
  /** Reports that another request waits for the bodies of a key. */
  requestTakeover(key: string): void;
}

export function createUploadTakeover(silenceMs: number = SILENCE_MS): UploadTakeover {
  const readings = new Map<string, Set<ContestedBytes>>();
  const requestTakeover = (key: string): void => {
    for (const reading of readings.get(key) ?? []) reading.requestTakeover();
  };
  return {
    async run(key, bytes, task) {
      requestTakeover(key);
      const reading = new ContestedBytes(bytes, silenceMs);
      const all = readings.get(key) ?? new Set();
      readings.set(key, all.add(reading));
      try {
        return await task(reading);
      } finally {
        all.delete(reading);
        if (all.size === 0) readings.delete(key);
      }
    },
    requestTakeover,
  };
}

class ContestedBytes implements AsyncIterable<Uint8Array> {
  readonly #bytes: Bytes;
  readonly #silenceMs: number;
  #contested = false;
  /** Ends the wait for the next chunk; absent while no chunk is awaited. */
  #giveUp: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(bytes: Bytes, silenceMs: number) {
    this.#bytes = bytes;
    this.#silenceMs = silenceMs;
  }

  requestTakeover(): void {
    this.#contested = true;
    this.#watch();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    const source = this.#bytes[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { value, done } = await this.#next(source);
        if (done === true) return;
        yield value;
      }
    } finally {
      // Not awaited: a stalled source may never answer.
      source.return?.().catch(() => undefined);
    }
  }

  async #next(source: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    try {
      return await new Promise((resolve, reject) => {
        this.#giveUp = () => reject(superseded());
        this.#watch();
        source.next().then(resolve, reject);
      });
    } finally {
      clearTimeout(this.#timer);
      this.#giveUp = undefined;
    }
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#contested && this.#giveUp !== undefined) {
      this.#timer = setTimeout(this.#giveUp, this.#silenceMs);
    }
  }
}

function superseded(): ProtocolError {
  return new ProtocolError('RANGE_INVALID', 'another request goes on with this upload');
}
