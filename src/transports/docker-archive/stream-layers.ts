import { createHash } from 'node:crypto';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Source } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { verified } from '../../store/verify.ts';
import type { Bytes } from '../../util/bytes.ts';
import { compressionOf } from '../tar/decompress.ts';
import type { StreamedFile, TarStream } from '../tar/stream.ts';
import { readAt, readRegion } from '../tar/random-access.ts';
import { spool } from '../tar/spool.ts';
import { digestOfAll, LAYER_TYPE, digestFromName, type LayerInfo } from './layers.ts';

/** The layers of a streamed archive, and the facts learned about them. */
export class StreamedLayers {
  readonly #stream: TarStream;
  readonly #tempDir: string;
  readonly #facts = new Map<string, LayerInfo>();

  constructor(stream: TarStream, tempDir: string) {
    this.#stream = stream;
    this.#tempDir = tempDir;
  }

  /** Facts about layers, by member name. */
  get facts(): ReadonlyMap<string, LayerInfo> {
    return this.#facts;
  }

  /**
   * Yields layers in stream order; one whose name does not contain its digest is first written to a
   * temporary file.
   */
  async *sources(options?: CallOptions): AsyncIterable<Source> {
    for await (const file of this.#stream.files(options?.signal)) {
      if (!looksLikeLayer(file)) continue;
      const compression = compressionOf(file.head, this.#where(file));
      const promised = digestFromName(file.name, compression);
      const facts = { digest: promised, size: file.size, compression };
      if (promised === undefined) {
        yield* this.#spooled(file, facts, options);
      } else {
        this.#facts.set(file.name, facts);
        const descriptor = describe(facts, promised);
        yield {
          descriptor,
          open: async () => verified(file.body(), descriptor, this.#where(file)),
        };
      }
    }
  }

  /**
   * Reads to the end and hashes the layers whose digest neither a name nor a configuration states.
   */
  async skip(options?: CallOptions): Promise<void> {
    for await (const file of this.#stream.files(options?.signal)) {
      if (!looksLikeLayer(file)) continue;
      const compression = compressionOf(file.head, this.#where(file));
      const promised = digestFromName(file.name, compression);
      const digest =
        compression === 'none' ? undefined : (promised ?? (await digestOfAll(file.body())));
      this.#facts.set(file.name, { digest, size: file.size, compression });
    }
  }

  async *#spooled(
    file: StreamedFile,
    info: LayerInfo,
    options?: CallOptions,
  ): AsyncIterable<Source> {
    const hash = createHash('sha256');
    const hashed = async function* (): Bytes {
      for await (const chunk of file.body()) {
        hash.update(chunk);
        yield chunk;
      }
    };
    const waiting = await spool(hashed(), this.#tempDir, options?.signal);
    const { path, size } = waiting;
    try {
      const digest = `sha256:${hash.digest('hex')}` as Digest;
      this.#facts.set(file.name, { ...info, digest });
      const access = {
        size,
        read: (at: number, length: number) => readAt(waiting.file, path, at, length),
      };
      yield {
        descriptor: describe(info, digest),
        open: async (call) => {
          const from = call?.from ?? 0;
          return readRegion(access, from, size - from, { signal: call?.signal });
        },
      };
    } finally {
      await waiting.file.close();
    }
  }

  #where({ name }: StreamedFile): string {
    return `${this.#stream.path}: ${name}`;
  }
}

function describe({ size, compression }: LayerInfo, digest: Digest): Descriptor {
  return { mediaType: LAYER_TYPE[compression], digest, size };
}

/** Whether a file is a layer, by its name or first bytes; `VERSION` files and the like are not. */
function looksLikeLayer({ name, head }: StreamedFile): boolean {
  if (/(?:\.tar|\.tar\.gz|\.tgz)$/.test(name) || name.startsWith('blobs/')) return true;
  const text = Buffer.from(head).toString('latin1');
  return /^(?:\u001f\u008b|\u0028\u00b5\u002f\u00fd)/.test(text) || text.startsWith('ustar', 257);
}
