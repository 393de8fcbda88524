import { createHash } from 'node:crypto';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { describeManifest, parseManifest, type ImageManifest } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-types.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { OpenOptions, ReadStore, ResolveOptions, Source } from '../../store/types.ts';
import { verified } from '../../store/verify.ts';
import { readAt, readRegion } from '../../transports/tar/random-access.ts';
import { spool } from '../../transports/tar/spool.ts';
import type { CallOptions } from '../../util/abort.ts';
import { bytesOf, skipBytes, type Bytes } from '../../util/bytes.ts';
import { createCodec } from '../../util/compression/codec.ts';
import type { ManifestNode } from './edit-json.ts';
import { formatOf, layerKindOf, layerType } from './layer-types.ts';

export interface GzipStreamOptions {
  /** Directory in which one layer at a time waits for its digest. */
  readonly tempDir: string;
  /** Called once, before the first layer is compressed. */
  onCompress(): void;
}

/**
 * Wraps a streamed store and compresses its uncompressed layers with gzip as they are read;
 * compressed layers keep their bytes. The manifest refers to the new layers. The caller still
 * disposes of `source`.
 */
export function createGzipStream(source: ReadStore, options: GzipStreamOptions): ReadStore {
  const layers = new GzipLayers(source, options);
  const made = new Map<Digest, ManifestNode>();
  const { stream, ...others } = source.capabilities;
  return {
    label: source.label,
    capabilities:
      stream === undefined
        ? others
        : { ...others, stream: { sources: (call) => layers.through(stream.sources(call), call) } },
    async resolve(ref: string | undefined, call?: ResolveOptions) {
      const known = made.get(ref as Digest);
      if (known !== undefined) return known.descriptor;
      const root = await source.resolve(ref, call);
      if (isIndexType(root.mediaType)) return root;
      const manifest = await fetchManifest(source, root, { signal: call?.signal });
      const node = manifest.kind === 'image' ? layers.renamed(manifest) : undefined;
      if (node === undefined) return root;
      made.set(node.descriptor.digest, node);
      return node.descriptor;
    },
    has: async (descriptor, call) =>
      made.has(descriptor.digest) || layers.has(descriptor.digest) || source.has(descriptor, call),
    async fetch(descriptor, call) {
      const node = made.get(descriptor.digest);
      if (node !== undefined) return bytesOf(node.manifest.raw, call?.from);
      return (await layers.read(descriptor, call)) ?? source.fetch(descriptor, call);
    },
    async [Symbol.asyncDispose]() {},
  };
}

class GzipLayers {
  readonly #source: ReadStore;
  readonly #options: GzipStreamOptions;
  readonly #codec = createCodec();
  /** By the digest of the uncompressed layer. */
  readonly #compressed = new Map<Digest, Descriptor>();
  readonly #plain = new Map<Digest, Descriptor>();

  constructor(source: ReadStore, options: GzipStreamOptions) {
    this.#source = source;
    this.#options = options;
  }

  has(digest: Digest): boolean {
    return this.#plain.has(digest);
  }

  async *through(sources: AsyncIterable<Source>, call?: CallOptions): AsyncIterable<Source> {
    for await (const one of sources) {
      const kind = layerKindOf(one.descriptor.mediaType);
      if (kind?.encoding === 'none') yield* this.#compress(one, call);
      else yield one;
    }
  }

  /** The manifest with the compressed layers; undefined if none of them changed. */
  renamed(manifest: ImageManifest): ManifestNode | undefined {
    if (!manifest.layers.some(({ digest }) => this.#compressed.has(digest))) return undefined;
    const mediaType = layerType(formatOf(manifest.mediaType), { encoding: 'gzip', foreign: false });
    const layers = manifest.layers.map((layer) => {
      const { digest, size } = this.#compressed.get(layer.digest) ?? layer;
      return digest === layer.digest
        ? layer
        : { ...layer, digest, size, mediaType: mediaType ?? layer.mediaType };
    });
    const { config, mediaType: own } = manifest;
    const body = JSON.stringify({ schemaVersion: 2, mediaType: own, config, layers });
    const changed = parseManifest(Buffer.from(body), own);
    return { descriptor: describeManifest(changed), manifest: changed };
  }

  /** Compresses a layer again after it was streamed; undefined for any other blob. */
  async read(descriptor: Descriptor, call?: OpenOptions): Promise<Bytes | undefined> {
    const plain = this.#plain.get(descriptor.digest);
    if (plain === undefined) return undefined;
    const bytes = await this.#source.fetch(plain, { signal: call?.signal });
    const again = this.#codec.compress(bytes, { format: 'gzip' });
    return skipBytes(verified(again, descriptor, this.#source.label), call?.from ?? 0);
  }

  async *#compress(layer: Source, call?: CallOptions): AsyncIterable<Source> {
    const plain = layer.descriptor;
    if (this.#compressed.size === 0) this.#options.onCompress();
    const hash = createHash('sha256');
    const compressed = this.#codec.compress(await layer.open(call), { format: 'gzip' });
    const hashed = async function* (): Bytes {
      for await (const chunk of compressed) {
        hash.update(chunk);
        yield chunk;
      }
    };
    const { file, path, size } = await spool(hashed(), this.#options.tempDir, call?.signal);
    try {
      const digest = `sha256:${hash.digest('hex')}` as Digest;
      const mediaType = layerType('v2s2', { encoding: 'gzip', foreign: false }) ?? plain.mediaType;
      const descriptor = { mediaType, digest, size };
      this.#compressed.set(plain.digest, descriptor);
      this.#plain.set(digest, plain);
      const access = {
        size,
        read: (at: number, length: number) => readAt(file, path, at, length),
      };
      yield {
        descriptor,
        open: async (options) => {
          const from = options?.from ?? 0;
          return readRegion(access, from, size - from, { signal: options?.signal });
        },
      };
    } finally {
      await file.close();
    }
  }
}
