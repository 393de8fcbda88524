import type {
  Capabilities,
  ContentStream,
  OpenOptions,
  ReadStore,
  ResolveOptions,
  Source,
} from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Bytes } from '../../util/bytes.ts';

/** How a kind of archive is read from a stream. */
export interface StreamFormat {
  /** Yields the blobs in stream order; at the end, the archive is known. */
  sources(options?: CallOptions): AsyncIterable<Source>;
  /** Reads to the end. */
  skip(options?: CallOptions): Promise<void>;
  /** Opens the archive after the stream has ended. */
  open(): Promise<ReadStore>;
  /** Stops reading. */
  close(): Promise<void>;
}

/** A store that is a stream: a query before its blobs were taken reads past them. */
export class StreamStore implements ReadStore {
  readonly label: string;
  readonly capabilities: Capabilities;
  readonly #kind: StreamFormat;
  #started = false;
  #opened: Promise<ReadStore> | undefined;

  constructor(label: string, kind: StreamFormat) {
    this.label = label;
    this.#kind = kind;
    const inner = (options?: CallOptions): Promise<ReadStore> => this.#inner(options);
    this.capabilities = {
      stream: { sources: (options) => this.#arrivals(options) },
      tags: {
        async *tags(options) {
          const { tags } = (await inner(options)).capabilities;
          if (tags !== undefined) yield* tags.tags(options);
        },
      },
      referrers: {
        async *referrers(digest: Digest, options) {
          const { referrers } = (await inner(options)).capabilities;
          if (referrers !== undefined) yield* referrers.referrers(digest, options);
        },
      },
    };
  }

  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    return (await this.#inner(options)).resolve(ref, options);
  }

  async has(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    return (await this.#inner(options)).has(descriptor, options);
  }

  async fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes> {
    return (await this.#inner(options)).fetch(descriptor, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const inner = await this.#opened?.catch(() => undefined);
    await inner?.[Symbol.asyncDispose]();
    await this.#kind.close();
  }

  async *#arrivals(options?: CallOptions): ReturnType<ContentStream['sources']> {
    if (this.#started) return;
    this.#started = true;
    yield* this.#kind.sources(options);
  }

  #inner(options?: CallOptions): Promise<ReadStore> {
    this.#opened ??= this.#settle(options);
    return this.#opened;
  }

  async #settle(options?: CallOptions): Promise<ReadStore> {
    if (!this.#started) {
      this.#started = true;
      await this.#kind.skip(options);
    }
    return this.#kind.open();
  }
}
