import { AppError } from '../../errors/app-error.ts';
import { bytesOf, type Bytes } from '../../util/bytes.ts';
import { BLOCK_BYTES, encodeHeader, paddedSize } from './header.ts';
import { readRegion, type RandomAccess } from './random-access.ts';
import { openSink, type Sink, type SinkContext } from './sink.ts';

interface Region {
  readonly offset: number;
  readonly size: number;
}

/**
 * Writes a tar member by member, in the order of the calls; a failed member leaves no trace in a
 * file.
 */
export class TarWriter implements AsyncDisposable {
  readonly #path: string;
  readonly #context: SinkContext;
  readonly #written = new Map<string, Region>();
  #sink: Sink | undefined;
  #end = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #broken: { readonly error: unknown } | undefined;

  constructor(path: string, context: SinkContext) {
    this.#path = path;
    this.#context = context;
  }

  /** Size of a written member; `undefined` if there is none. */
  sizeOf(name: string): number | undefined {
    return this.#written.get(name)?.size;
  }

  /** Reads a written member. @throws AppError UNSUPPORTED if it went to a pipe */
  read(name: string, signal?: AbortSignal): Bytes {
    const region = this.#written.get(name);
    const rewrite = this.#sink?.rewrite;
    if (region === undefined || rewrite === undefined) {
      throw new AppError('UNSUPPORTED', `${name} cannot be read back from a stream`);
    }
    const access: RandomAccess = {
      size: this.#end,
      read: (position, length) => rewrite.read(position, length),
    };
    return readRegion(access, region.offset, region.size, { signal });
  }

  /** Adds a member of known size; the caller verifies that `bytes` has it. */
  async add(name: string, size: number, bytes: Bytes): Promise<void> {
    await this.#alone(async (sink) => {
      if (this.#written.has(name)) return;
      await this.#append(sink, await encodeHeader({ name, size }));
      const offset = this.#end;
      for await (const chunk of bytes) await this.#append(sink, chunk);
      await this.#pad(sink, this.#end - offset);
      this.#written.set(name, { offset, size });
    });
  }

  async addData(name: string, data: Uint8Array): Promise<void> {
    await this.add(name, data.byteLength, bytesOf(data));
  }

  /** Ends the archive; a file is renamed to its final name. */
  async finish(): Promise<void> {
    await this.#alone(async (sink) => {
      await this.#append(sink, new Uint8Array(2 * BLOCK_BYTES));
      await sink.finish();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn.catch(() => undefined);
    await this.#sink?.abandon();
  }

  /**
   * Writes one member at a time. A failed one is undone, or ends the archive if that is impossible.
   */
  async #alone(step: (sink: Sink) => Promise<void>): Promise<void> {
    const mine = this.#inTurn(this.#turn, step);
    this.#turn = mine.catch(() => undefined);
    await mine;
  }

  async #inTurn(before: Promise<unknown>, step: (sink: Sink) => Promise<void>): Promise<void> {
    await before;
    if (this.#broken !== undefined) throw this.#broken.error;
    this.#sink ??= await openSink(this.#path, this.#context);
    const start = this.#end;
    try {
      await step(this.#sink);
    } catch (error) {
      await this.#rollBack(this.#sink, start, error);
      throw error;
    }
  }

  async #rollBack(sink: Sink, start: number, error?: unknown): Promise<void> {
    if (this.#end === start) return;
    if (sink.rewrite === undefined) {
      this.#broken = { error };
      return;
    }
    await sink.rewrite.truncate(start);
    this.#end = start;
  }

  async #append(sink: Sink, bytes: Uint8Array): Promise<void> {
    await sink.write(bytes);
    this.#end += bytes.byteLength;
  }

  async #pad(sink: Sink, size: number): Promise<void> {
    const missing = paddedSize(size) - size;
    if (missing > 0) await this.#append(sink, new Uint8Array(missing));
  }
}
