import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { childrenOf, parseManifest, type Manifest } from '../oci/manifest.ts';
import { isManifestType } from '../oci/media-types.ts';
import type { ManifestNode } from '../image/convert/edit-json.ts';
import { fetchManifest } from '../store/manifests.ts';
import type {
  Capabilities,
  OpenOptions,
  ReadStore,
  ReferrersOptions,
  Source,
} from '../store/types.ts';
import { fetchAll, sourceFromBytes } from '../store/verify.ts';
import type { CallOptions } from '../util/abort.ts';
import { bytesOf, type Bytes } from '../util/bytes.ts';

interface Origin {
  readonly store: ReadStore;
  readonly descriptor: Descriptor;
}

/**
 * New manifests, configurations and layers over the content of other stores, as one source for the
 * copy engine. Content is read from the store that its manifest came from, and new content is kept
 * here. The caller disposes of the stores.
 */
export class BuiltStore implements ReadStore {
  readonly label: string;
  readonly capabilities: Capabilities;
  readonly #made = new Map<Digest, Source>();
  readonly #origins = new Map<Digest, Origin>();

  /** `label`: what messages call the result. */
  constructor(label: string) {
    this.label = label;
    this.capabilities = {
      referrers: { referrers: (digest, options) => this.#referrers(digest, options) },
    };
  }

  /** The store that holds a node; `undefined` if it is new. */
  originOf({ digest }: Descriptor): ReadStore | undefined {
    return this.#made.has(digest) ? undefined : this.#origins.get(digest)?.store;
  }

  /** The stores that the result takes content from. */
  origins(): readonly ReadStore[] {
    return [...new Set([...this.#origins.values()].map(({ store }) => store))];
  }

  /** What is new, over the content of `store`, for reading layers. */
  over(store: ReadStore): Pick<ReadStore, 'label' | 'fetch'> {
    return {
      label: store.label,
      fetch: (descriptor, options) => {
        const made = this.#made.get(descriptor.digest);
        const origin = this.#origins.get(descriptor.digest)?.store ?? store;
        return made === undefined ? origin.fetch(descriptor, options) : made.open(options);
      },
    };
  }

  /** This store, without the referrers of what is in the stores that `isLeft` names. */
  besides(isLeft: (store: ReadStore) => boolean): ReadStore {
    const referrers = (digest: Digest, options?: ReferrersOptions): AsyncIterable<Descriptor> => {
      const store = this.#origins.get(digest)?.store;
      return store !== undefined && isLeft(store) ? nothing() : this.#referrers(digest, options);
    };
    return {
      label: this.label,
      capabilities: { referrers: { referrers } },
      resolve: (ref) => this.resolve(ref),
      has: (descriptor) => this.has(descriptor),
      fetch: (descriptor, options) => this.fetch(descriptor, options),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  /** Adds a new manifest. */
  addManifest({ descriptor, manifest }: ManifestNode): Descriptor {
    this.#made.set(descriptor.digest, sourceFromBytes(descriptor, manifest.raw));
    return descriptor;
  }

  /** Adds a new configuration or layer. */
  addBlob(source: Source): Descriptor {
    this.#made.set(source.descriptor.digest, source);
    return source.descriptor;
  }

  /** Says that a node and everything below it is in `store`; the first store of a node counts. */
  take(descriptor: Descriptor, store: ReadStore): void {
    const { digest } = descriptor;
    if (!this.#origins.has(digest)) this.#origins.set(digest, { store, descriptor });
  }

  /** Reads a manifest of `store`, whose children then are read from there as well. */
  async read(store: ReadStore, descriptor: Descriptor, call: CallOptions): Promise<Manifest> {
    const manifest = await fetchManifest(store, descriptor, call);
    this.take(descriptor, store);
    for (const child of childrenOf(manifest)) this.take(child, store);
    return manifest;
  }

  async resolve(ref: string | undefined): Promise<Descriptor> {
    const known =
      ref !== undefined && isDigest(ref)
        ? (this.#made.get(ref) ?? this.#origins.get(ref))
        : undefined;
    if (known !== undefined) return known.descriptor;
    throw this.#unknown('MANIFEST_UNKNOWN', ref ?? 'a default image');
  }

  async has({ digest }: Descriptor): Promise<boolean> {
    return this.#made.has(digest) || this.#origins.has(digest);
  }

  async fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes> {
    const made = this.#made.get(descriptor.digest);
    if (made !== undefined) return made.open(options);
    const store = this.#origins.get(descriptor.digest)?.store;
    if (store === undefined) throw this.#unknown('BLOB_UNKNOWN', descriptor.digest);
    if (!isManifestType(descriptor.mediaType)) return store.fetch(descriptor, options);
    const raw = await fetchAll(store, descriptor, options);
    for (const child of childrenOf(parseManifest(raw, descriptor.mediaType))) {
      this.take(child, store);
    }
    return bytesOf(raw, options?.from);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Referrers at a manifest's origin; a new manifest has none yet. */
  async *#referrers(digest: Digest, options?: ReferrersOptions): AsyncIterable<Descriptor> {
    const store = this.#made.has(digest) ? undefined : this.#origins.get(digest)?.store;
    for await (const one of store?.capabilities.referrers?.referrers(digest, options) ?? []) {
      if (store !== undefined) this.take(one, store);
      yield one;
    }
  }

  #unknown(code: 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN', what: string): AppError {
    return new AppError(code, `${this.label} does not have ${what}`);
  }
}

async function* nothing(): AsyncGenerator<never> {}
