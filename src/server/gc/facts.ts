import { AppError } from '../../errors/app-error.ts';
import type { Digest } from '../../oci/digest.ts';
import { childrenOf, parseManifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { RepositoryName, Tag } from '../names.ts';
import { DamagedContentError } from '../storage/damage.ts';
import type { StoredManifest, Storage } from '../storage/types.ts';

/** What a manifest needs. */
export interface ManifestLinks {
  /** Manifests that it lists, stored or not. */
  readonly children: readonly Digest[];
  /** Configuration, layers and other blobs that it lists. */
  readonly blobs: readonly Digest[];
  readonly subject: Digest | undefined;
}

/** The manifests of a repository. */
export interface RepositoryManifests {
  readonly name: RepositoryName;
  readonly tags: ReadonlyMap<Tag, Digest>;
  readonly manifests: ReadonlyMap<Digest, ManifestLinks>;
  /** Manifests that a push wrote, or was told are there, within the grace time. */
  readonly young: ReadonlySet<Digest>;
}

/** A manifest that cannot be read, so that nothing is known about what it needs. */
export class UnreadableManifestError extends Error {
  override readonly name = 'UnreadableManifestError';
  readonly digest: Digest;

  constructor(digest: Digest, cause: unknown) {
    super(`the manifest ${digest} cannot be read`, { cause });
    this.digest = digest;
  }
}

/** Reads the manifests of one repository; reads those again that it has not read before. */
export class RepositoryReader {
  readonly #storage: Storage;
  readonly #name: RepositoryName;
  readonly #read = new Map<Digest, ManifestLinks>();
  /** One string for equal digests: layers are shared by many manifests. */
  readonly #digests = new Map<Digest, Digest>();

  constructor(storage: Storage, name: RepositoryName) {
    this.#storage = storage;
    this.#name = name;
  }

  /** @throws UnreadableManifestError */
  async manifests(before: Date, signal?: AbortSignal): Promise<RepositoryManifests> {
    const { manifests: stored } = this.#storage;
    const manifests = new Map<Digest, ManifestLinks>();
    const young = new Set<Digest>();
    for (const { digest, renewed } of await stored.list(this.#name)) {
      signal?.throwIfAborted();
      const links = this.#read.get(digest) ?? (await this.#readOne(digest));
      if (links === undefined) continue;
      manifests.set(digest, links);
      if (renewed >= before) young.add(digest);
    }
    const tags = new Map<Tag, Digest>();
    for (const tag of await stored.tags(this.#name)) {
      const digest = await stored.resolve(this.#name, tag);
      if (digest !== undefined) tags.set(tag, digest);
    }
    return { name: this.#name, tags, manifests, young };
  }

  /** `undefined` if it was removed since it was listed. */
  async #readOne(digest: Digest): Promise<ManifestLinks | undefined> {
    try {
      const stored = await this.#storage.manifests.get(this.#name, digest);
      const links = stored && this.#linksOf(stored);
      if (links !== undefined) this.#read.set(digest, links);
      return links;
    } catch (error) {
      if (error instanceof DamagedContentError || error instanceof AppError) {
        throw new UnreadableManifestError(digest, error);
      }
      throw error;
    }
  }

  #linksOf({ raw, mediaType }: StoredManifest): ManifestLinks {
    const manifest = parseManifest(raw, mediaType);
    const children: Digest[] = [];
    const blobs: Digest[] = [];
    for (const child of childrenOf(manifest)) {
      // What it is called decides nothing: content of either kind stays.
      if (isManifestType(child.mediaType)) children.push(this.#share(child.digest));
      blobs.push(this.#share(child.digest));
    }
    return { children, blobs, subject: manifest.subject?.digest };
  }

  #share(digest: Digest): Digest {
    const known = this.#digests.get(digest);
    if (known === undefined) this.#digests.set(digest, digest);
    return known ?? digest;
  }
}
