import { IntegrityError } from '../../errors/app-error.ts';
import type { RequestBody } from '../../http/types.ts';
import type { PushOptions, Source } from '../../store/types.ts';
import { concat, type Bytes } from '../../util/bytes.ts';
import { type Operation, LARGE_CONTENT_BYTES } from '../requests.ts';

export interface SourceBody extends RequestBody {
  /** What the source threw while it was read, because the client may have wrapped it. */
  readonly failure: () => unknown;
  /** Every byte was handed over: the registry may have stored them even without an answer. */
  readonly finished: () => boolean;
}

/** Bytes that are read before the request that carries them. */
const READ_AHEAD = 64 * 1024;

type SourceBodyOptions = Pick<PushOptions, 'signal' | 'onBytes' | 'onSent'>;

/** A source from `offset` to its end as a request body; counts its bytes. */
export function sourceBody(
  source: Source,
  offset: number,
  operation: Operation,
  options: SourceBodyOptions,
): SourceBody {
  const { size } = source.descriptor;
  // Only the client for large content is done with a chunk when it asks for the next.
  const opening = {
    ...openingAt(offset, options),
    reuseChunks: size - offset >= LARGE_CONTENT_BYTES,
  };
  let failure: unknown;
  let sent = offset;
  async function* content(): Bytes {
    failure = undefined;
    sent = offset;
    options.onBytes?.(sent);
    options.onSent?.(0);
    try {
      for await (const chunk of await source.open(opening)) {
        sent += chunk.byteLength;
        if (sent > size) throw wrongSize(operation, size, sent);
        yield chunk;
        options.onBytes?.(sent);
        options.onSent?.(chunk.byteLength);
      }
      if (sent < size) throw wrongSize(operation, size, sent);
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return {
    length: size - offset,
    open: content,
    failure: () => failure,
    finished: () => sent === size,
  };
}

/** Reads a source forward, piece by piece; the last piece can be read again. */
export class SourceReader {
  readonly #source: Source;
  readonly #operation: Operation;
  readonly #options: SourceBodyOptions;
  #reading: AsyncIterator<Uint8Array> | undefined;
  #start = 0;
  #held: Uint8Array = new Uint8Array();

  constructor(source: Source, operation: Operation, options: SourceBodyOptions) {
    this.#source = source;
    this.#operation = operation;
    this.#options = options;
  }

  /** Returns exactly `length` bytes from `offset`. @throws errors of the source; IntegrityError */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const passed = offset - this.#start;
    if (this.#reading === undefined || passed < 0 || passed > this.#held.byteLength) {
      await this.close();
      const bytes = await this.#source.open(openingAt(offset, this.#options));
      this.#reading = bytes[Symbol.asyncIterator]();
      this.#held = new Uint8Array();
    } else {
      this.#held = this.#held.subarray(passed);
    }
    this.#start = offset;
    const parts = [this.#held];
    let size = this.#held.byteLength;
    while (size < length) {
      const { value, done } = await this.#reading.next();
      if (done === true)
        throw wrongSize(this.#operation, this.#source.descriptor.size, offset + size);
      parts.push(value);
      size += value.byteLength;
    }
    this.#held = concat(parts, size);
    return this.#held.subarray(0, length);
  }

  /**
   * Opens the source at `offset` before the request starts: this may take long, because all earlier
   * bytes are read for the hash.
   */
  async sourceAt(offset: number): Promise<Source> {
    const { descriptor } = this.#source;
    if (offset === descriptor.size) return this.#source;
    if (offset > 0) this.#options.onBytes?.(offset);
    await this.read(offset, Math.min(READ_AHEAD, descriptor.size - offset));
    let ahead = true;
    return {
      descriptor,
      open: async (call) => {
        if (!ahead) return this.#source.open(call);
        ahead = false;
        return this.#rest();
      },
    };
  }

  /** The last piece and everything after it; the caller then continues to read. */
  async *#rest(): Bytes {
    const reading = this.#reading;
    this.#reading = undefined;
    if (reading === undefined) return;
    try {
      yield this.#held;
      yield* { [Symbol.asyncIterator]: () => reading };
    } finally {
      await reading.return?.();
    }
  }

  async close(): Promise<void> {
    const reading = this.#reading;
    this.#reading = undefined;
    await reading?.return?.();
  }
}

function openingAt(
  offset: number,
  { signal }: SourceBodyOptions,
): { signal?: AbortSignal | undefined; from?: number } {
  return offset === 0 ? { signal } : { signal, from: offset };
}

function wrongSize(operation: Operation, size: number, sent: number): IntegrityError {
  return new IntegrityError(
    'SIZE_MISMATCH',
    `cannot ${operation.action} ${operation.target}: its source has ${sent < size ? sent : `more than ${size}`} bytes, its descriptor says ${size}`,
    { expected: String(size), actual: String(sent) },
  );
}
