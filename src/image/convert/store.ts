import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { ImageManifest, IndexManifest, Manifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { Platform } from '../../oci/platform.ts';
import { fetchManifest } from '../../store/manifests.ts';
import { MAX_INDEX_DEPTH, platformOfConfig, tooDeep } from '../../store/platforms.ts';
import { digestWouldChange } from '../../store/preserve.ts';
import type { Capabilities, ReadStore } from '../../store/types.ts';
import { fetchAll } from '../../store/verify.ts';
import { bytesOf } from '../../util/bytes.ts';
import { createLimiter, type Limiter } from '../../util/limiter.ts';
import { together } from '../../util/together.ts';
import { convertImage, type Place } from './image-manifest.ts';
import { childrenIn, convertIndex } from './index-manifest.ts';
import type { Node } from './json.ts';
import { formatOf, manifestType } from './media-types.ts';
import type { ConvertOptions, ManifestFormat } from './types.ts';

/**
 * `source` as it looks after conversion: `resolve` gives the descriptor of the converted root,
 * `fetch` the converted manifests. What is in the wanted form already keeps its bytes and digest.
 * The source stays the caller's to dispose of.
 *
 * Resolve the root first and copy by the digest that comes back: the source's own digest names
 * another manifest.
 * @throws AppError (from `resolve`) UNSUPPORTED for what the format cannot hold, DIGEST_CHANGED
 */
export function createConvertedStore(source: ReadStore, options: ConvertOptions): ReadStore {
  const conversion = new Conversion(source, options);
  return {
    label: source.label,
    capabilities: capabilitiesOf(source, conversion),
    async resolve(ref, call) {
      const made = ref !== undefined && isDigest(ref) ? conversion.made(ref) : undefined;
      if (made !== undefined) return made.descriptor;
      const { mediaType, digest, size } = await source.resolve(ref, { ...call, want: 'content' });
      return conversion.convert({ mediaType, digest, size }, call?.signal);
    },
    async has(descriptor, call) {
      return conversion.made(descriptor.digest) !== undefined || source.has(descriptor, call);
    },
    async fetch(descriptor, call) {
      call?.signal?.throwIfAborted();
      const made = isManifestType(descriptor.mediaType)
        ? conversion.made(descriptor.digest)
        : undefined;
      return made === undefined
        ? source.fetch(descriptor, call)
        : bytesOf(made.manifest.raw, call?.from);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** What refers to the original says nothing about the converted image. */
function capabilitiesOf({ capabilities }: ReadStore, conversion: Conversion): Capabilities {
  const { tags, referrers } = capabilities;
  return {
    ...(tags === undefined ? {} : { tags }),
    ...(referrers === undefined
      ? {}
      : {
          referrers: {
            async *referrers(digest, call) {
              if (!conversion.isChanged(digest)) yield* referrers.referrers(digest, call);
            },
          },
        }),
  };
}

/** Converts each manifest once, children first. */
class Conversion {
  readonly #source: ReadStore;
  readonly #options: ConvertOptions;
  readonly #limiter: Limiter;
  readonly #running = new Map<Digest, Promise<Descriptor>>();
  readonly #made = new Map<Digest, Node>();
  readonly #changed = new Set<Digest>();
  readonly #warned = new Set<string>();

  constructor(source: ReadStore, options: ConvertOptions) {
    this.#source = source;
    this.#options = options;
    this.#limiter = createLimiter(options.concurrency ?? 4);
  }

  made(digest: Digest): Node | undefined {
    return this.#made.get(digest);
  }

  /** Whether the digest came about here and is unknown to the source. */
  isChanged(digest: Digest): boolean {
    return this.#changed.has(digest);
  }

  convert(descriptor: Descriptor, signal?: AbortSignal, depth = 0): Promise<Descriptor> {
    const { digest } = descriptor;
    const running = this.#running.get(digest);
    if (running !== undefined) return running;
    const started = this.#convert(descriptor, signal, depth).catch((error: unknown) => {
      this.#running.delete(digest);
      throw error;
    });
    this.#running.set(digest, started);
    return started;
  }

  async #convert(
    descriptor: Descriptor,
    signal: AbortSignal | undefined,
    depth: number,
  ): Promise<Descriptor> {
    if (depth > MAX_INDEX_DEPTH) throw tooDeep(this.#source.label);
    const manifest = await this.#limiter.run(
      () => fetchManifest(this.#source, descriptor, { signal }),
      signal,
    );
    const { mediaType, digest, size } = descriptor;
    const node =
      (await this.#changedForm(manifest, digest, signal, depth)) ??
      ({ descriptor: { mediaType, digest, size }, manifest } satisfies Node);
    this.#made.set(node.descriptor.digest, node);
    if (node.descriptor.digest !== digest) this.#changed.add(node.descriptor.digest);
    return node.descriptor;
  }

  /** `undefined` where nothing has to change. */
  #changedForm(
    manifest: Manifest,
    digest: Digest,
    signal: AbortSignal | undefined,
    depth: number,
  ): Promise<Node | undefined> {
    const place: Place = {
      label: this.#source.label,
      digest,
      warn: (text) => this.#warnOnce(text),
    };
    switch (manifest.kind) {
      case 'index':
        return this.#index(manifest, place, signal, depth);
      case 'image':
        return this.#image(manifest, place);
      case 'schema1':
        throw schema1(this.#source.label);
    }
  }

  async #image(manifest: ImageManifest, place: Place): Promise<Node | undefined> {
    const format = this.#formatFor(manifest);
    if (manifest.mediaType === manifestType(format, 'image')) return undefined;
    this.#mayChange(place, `be converted to ${format}`);
    return convertImage(manifest, manifest.layers, format, place);
  }

  async #index(
    manifest: IndexManifest,
    place: Place,
    signal: AbortSignal | undefined,
    depth: number,
  ): Promise<Node | undefined> {
    const format = this.#formatFor(manifest);
    const converts = manifest.mediaType !== manifestType(format, 'index');
    if (converts) this.#mayChange(place, `be converted to ${format}`);
    const kept = childrenIn(manifest, format, place);
    const children = await together(kept, signal, async (before, inner) => {
      const isBlob = !isManifestType(before.mediaType);
      const after = isBlob ? before : await this.convert(before, inner, depth + 1);
      const platform = before.platform ?? (await this.#platformFor(format, after, inner));
      return { before, after, platform };
    });
    const same =
      kept.length === manifest.manifests.length &&
      children.every(({ before, after }) => before.digest === after.digest);
    if (same && !converts) return undefined;
    this.#mayChange(place, 'be rewritten around its changed images');
    return convertIndex(manifest, children, format, place);
  }

  /** An OCI index may leave the platform to the configuration; Docker's list may not. */
  async #platformFor(
    format: ManifestFormat,
    { digest }: Descriptor,
    signal: AbortSignal,
  ): Promise<Platform | undefined> {
    const manifest = this.#made.get(digest)?.manifest;
    if (format === 'oci' || manifest?.kind !== 'image') return undefined;
    const config = await this.#limiter.run(
      () => fetchAll(this.#source, manifest.config, { signal }),
      signal,
    );
    return platformOfConfig(config);
  }

  #formatFor({ mediaType }: Manifest): ManifestFormat {
    return this.#options.format ?? formatOf(mediaType);
  }

  #mayChange({ label, digest }: Place, change: string): void {
    if (this.#options.preserveDigests === true) throw digestWouldChange(label, { digest }, change);
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#options.warn(text);
  }
}

function schema1(label: string): AppError {
  return new AppError('UNSUPPORTED', `${label}: Docker schema 1 images cannot be converted`, {
    hint: 'Pull and push it once with an engine that writes schema 2 or OCI.',
  });
}
