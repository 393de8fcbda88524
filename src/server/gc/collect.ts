import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../names.ts';
import type { Storage, StoredBlob } from '../storage/types.ts';
import { RepositoryReader, UnreadableManifestError, type RepositoryManifests } from './facts.ts';

/** Chooses the manifests to remove, each index before its children. */
export type ChooseManifests = (repository: RepositoryManifests) => readonly Digest[];

/** What a collection of garbage keeps. */
export interface GarbageOptions {
  /** What was written, or reported to a push, since then stays. */
  readonly before: Date;
  /** Reports what would be removed, and removes nothing. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Default: removes no manifest, tagged or not. */
  readonly choose?: ChooseManifests | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Content that cannot be read. */
export interface Unreadable {
  readonly repository: RepositoryName;
  readonly digest: Digest;
}

/** What a collection of garbage deleted. */
export interface GarbageReport {
  readonly repositories: number;
  readonly manifests: { readonly kept: number; readonly removed: number };
  /** Distinct blobs: one in several repositories counts once. `bytes`: of those removed. */
  readonly blobs: { readonly kept: number; readonly removed: number; readonly bytes: number };
  /** Blobs that nothing needs, but that are younger than the grace time. */
  readonly young: number;
  /** Manifests because of which nothing was removed from their repository. */
  readonly unreadable: readonly Unreadable[];
}

/**
 * Removes the blobs that no manifest of their repository names, while the storage is in use: a push
 * that was told that a blob or manifest is there has renewed it, which is checked again under the
 * lock of each removal.
 * @throws the signal's reason, system errors
 * @example
 * import { collectGarbage, createDiskStorage } from '@regctl/cli/server';
 *
 * const hourAgo = new Date(Date.now() - 60 * 60_000);
 * const { blobs } = await collectGarbage(createDiskStorage('./registry'), { before: hourAgo });
 * console.log(`${blobs.removed} blobs removed, ${blobs.bytes} bytes`);
 */
export async function collectGarbage(
  storage: Storage,
  options: GarbageOptions,
): Promise<GarbageReport> {
  using sweep = storage.blobs.sweep();
  const blobs = await sweep.blobs();
  const collector = new Collector(storage, options);
  for (const name of await storage.repositories()) await collector.collect(name);
  const removed = { count: 0, bytes: 0 };
  let young = 0;
  const remove = async ({ digest, written }: StoredBlob): Promise<boolean> =>
    options.dryRun === true ? written < options.before : sweep.remove(digest, options.before);
  for (const blob of blobs) {
    options.signal?.throwIfAborted();
    if (collector.isLinked(blob.digest)) continue;
    if (await remove(blob)) {
      removed.count += 1;
      removed.bytes += blob.size;
    } else {
      young += 1;
    }
  }
  const report = collector.report();
  return {
    ...report,
    blobs: { kept: blobs.length - removed.count, removed: removed.count, bytes: removed.bytes },
    young: report.young + young,
  };
}

class Collector {
  readonly #storage: Storage;
  readonly #options: GarbageOptions;
  readonly #linked = new Set<Digest>();
  readonly #unreadable: Unreadable[] = [];
  readonly #manifests = { kept: 0, removed: 0 };
  #repositories = 0;
  #young = 0;

  constructor(storage: Storage, options: GarbageOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  isLinked(digest: Digest): boolean {
    return this.#linked.has(digest);
  }

  report() {
    return {
      repositories: this.#repositories,
      manifests: this.#manifests,
      unreadable: this.#unreadable,
      young: this.#young,
    };
  }

  async collect(name: RepositoryName): Promise<void> {
    this.#repositories += 1;
    const needed = await this.#neededBlobs(name);
    for (const digest of await this.#storage.blobs.list(name)) {
      this.#options.signal?.throwIfAborted();
      const isUnneeded = needed !== undefined && !needed.has(digest);
      if (!isUnneeded || !(await this.#unlink(name, digest))) this.#linked.add(digest);
    }
  }

  async #unlink(name: RepositoryName, digest: Digest): Promise<boolean> {
    const { blobs } = this.#storage;
    const { before, dryRun } = this.#options;
    const removed = await (dryRun === true
      ? blobs.isIdle(name, digest, before)
      : blobs.unlink(name, digest, before));
    if (!removed) this.#young += 1;
    return removed;
  }

  /** `undefined` if a manifest cannot be read: nothing is removed then. */
  async #neededBlobs(name: RepositoryName): Promise<ReadonlySet<Digest> | undefined> {
    try {
      return await this.#removeManifests(name);
    } catch (error) {
      if (!(error instanceof UnreadableManifestError)) throw error;
      this.#unreadable.push({ repository: name, digest: error.digest });
      return undefined;
    }
  }

  /** Returns the blobs that the other manifests need. */
  async #removeManifests(name: RepositoryName): Promise<ReadonlySet<Digest>> {
    const { before, dryRun, choose, signal } = this.#options;
    const reader = new RepositoryReader(this.#storage, name);
    let left = await reader.manifests(before, signal);
    const dead = new Set<Digest>();
    if (choose !== undefined) {
      const remove = async (): Promise<readonly Digest[]> => {
        left = await reader.manifests(before, signal);
        for (const digest of choose(left)) dead.add(digest);
        return [...dead];
      };
      await (dryRun === true ? remove() : this.#storage.manifests.removeChosen(name, remove));
    }
    const needed = new Set<Digest>();
    for (const [digest, { blobs }] of left.manifests) {
      if (!dead.has(digest)) for (const blob of blobs) needed.add(blob);
    }
    this.#manifests.removed += dead.size;
    this.#manifests.kept += left.manifests.size - dead.size;
    return needed;
  }
}
