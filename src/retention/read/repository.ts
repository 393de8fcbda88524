import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ListedManifest, ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { subjectOfDigestTag } from '../../tags/digest-tags.ts';
import { tagListerOf } from '../../tags/find.ts';
import { mapParallel } from '../../util/parallel.ts';
import { orAbsent, readCreated } from './created.ts';
import { FactsOfManifests } from './facts.ts';
import type { RepositoryFacts } from '../types.ts';

export interface ReadOptions extends CallOptions {
  /** Concurrent requests. */
  readonly concurrency: number;
  /** Whether to read configurations for their dates if the registry gives no push time. */
  readonly dates: boolean;
  /** Reads them even if it does. */
  readonly createdOnly?: boolean | undefined;
  /** Also needs manifests without a tag: a store that cannot list them is an error. */
  readonly mustList?: boolean | undefined;
}

/**
 * Reads everything that a plan needs, from verified bytes. Missing manifests are recorded as
 * absent; any other error is thrown, because nothing is deleted from a repository that is only
 * partly known.
 * @throws AppError USAGE if `mustList` is set and manifests cannot be listed
 */
export async function readRepository(
  store: ReadStore,
  options: ReadOptions,
): Promise<RepositoryFacts> {
  const reader = new RepositoryReader(store, options);
  return reader.read();
}

class RepositoryReader {
  readonly #store: ReadStore;
  readonly #options: ReadOptions;
  readonly #tags = new Map<string, Digest>();
  readonly #tagPushed = new Map<string, string>();
  readonly #facts: FactsOfManifests;
  /** Manifests that do not exist. */
  readonly #absent = new Set<Digest>();
  readonly #running = new Map<Digest, Promise<readonly Descriptor[]>>();
  readonly #listed = new Map<Digest, ListedManifest>();

  constructor(store: ReadStore, options: ReadOptions) {
    this.#store = store;
    this.#options = options;
    this.#facts = new FactsOfManifests(options);
  }

  async read(): Promise<RepositoryFacts> {
    const names = await this.#listTags();
    const listed = await this.#listManifests();
    await this.#each(names, async (tag, call) => this.#readTag(tag, call));
    const known = new Set(this.#tags.keys());
    const named = [...this.#tags.keys()].map((tag) => subjectOfDigestTag(tag));
    await this.#each(
      [...new Set(named)].filter((digest) => digest !== undefined),
      async (digest, call) => this.#readDigest(digest, call),
    );
    await this.#readAll([...this.#listed.values()].map((one) => one.descriptor));
    // A referrer may have referrers, too.
    const { manifests, configs } = this.#facts;
    for (let next = [...manifests.keys()]; next.length > 0;) {
      const before = new Set(manifests.keys());
      const found = await this.#each(next, async (digest, call) =>
        this.#referrersOf(digest, known, call),
      );
      await this.#readAll(found.flat());
      next = [...manifests.keys()].filter((digest) => !before.has(digest));
    }
    const facts = {
      repository: this.#store.label,
      tags: this.#tags,
      tagPushed: this.#tagPushed,
      manifests,
      listed,
      untags: undefined,
    };
    if (this.#options.dates) await readCreated(this.#store, facts, configs, this.#options);
    return facts;
  }

  #each<T, R>(items: readonly T[], map: (item: T, call: CallOptions) => Promise<R>): Promise<R[]> {
    const { concurrency, signal } = this.#options;
    return mapParallel(items, concurrency, map, { signal });
  }

  async #listTags(): Promise<string[]> {
    const names = new Set<string>();
    for await (const page of tagListerOf(this.#store).tags(this.#options)) {
      for (const tag of page) names.add(tag);
    }
    return [...names];
  }

  /** Lists the manifests; false if the store cannot. */
  async #listManifests(): Promise<boolean> {
    const { inventory } = this.#store.capabilities;
    try {
      if (inventory === undefined) throw cannotList(this.#store.label);
      for await (const one of inventory.manifests(this.#options)) {
        this.#listed.set(one.descriptor.digest, one);
        for (const [tag, pushed] of one.tagPushed ?? []) this.#tagPushed.set(tag, pushed);
      }
      return true;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'UNSUPPORTED') throw error;
      if (this.#options.mustList === true) throw cannotList(this.#store.label, error);
      return false;
    }
  }

  /** Reads a tag; ignores one that was removed after it was listed. */
  async #readTag(tag: string, call: CallOptions): Promise<void> {
    const root = await orAbsent(this.#store.resolve(tag, { ...call, purpose: 'content' }));
    if (root === undefined) return;
    const digest = this.#facts.name(root.digest);
    if (!(await this.#readManifest(root, call))) return;
    this.#tags.set(tag, digest);
  }

  async #readDigest(digest: Digest, call: CallOptions): Promise<void> {
    if (this.#isKnown(digest)) return;
    const found = await orAbsent(this.#store.resolve(digest, { ...call, purpose: 'content' }));
    if (found !== undefined) await this.#readManifest(found, call);
  }

  async #readAll(descriptors: readonly Descriptor[]): Promise<void> {
    await this.#each(uniqueByDigest(descriptors), async (one, call) => {
      await this.#readManifest(one, call);
    });
  }

  /** Reads a manifest, its children and its subject. False if it does not exist. */
  async #readManifest(descriptor: Descriptor, call: CallOptions): Promise<boolean> {
    const digest = this.#facts.name(descriptor.digest);
    if (this.#isKnown(digest)) return this.#facts.manifests.has(digest);
    const running = this.#running.get(digest) ?? this.#fetch(digest, descriptor, call);
    this.#running.set(digest, running);
    const leads = await running;
    this.#running.delete(digest);
    for (const one of leads) await this.#readManifest(one, call);
    return this.#facts.manifests.has(digest);
  }

  #isKnown(digest: Digest): boolean {
    return this.#facts.manifests.has(digest) || this.#absent.has(digest);
  }

  /** Reads what a manifest leads to. */
  async #fetch(
    digest: Digest,
    descriptor: Descriptor,
    call: CallOptions,
  ): Promise<readonly Descriptor[]> {
    // The store's list has the actual size; a parent only claims one.
    const known = this.#listed.get(digest)?.descriptor ?? descriptor;
    const manifest = await orAbsent(fetchManifest(this.#store, known, call));
    if (manifest === undefined) {
      this.#absent.add(digest);
      return [];
    }
    const listed = this.#listed.get(digest);
    this.#facts.add(digest, manifest, {
      pushed: listed?.pushed ?? this.#store.capabilities.times?.pushed(digest),
      pulled: listed?.pulled,
    });
    const children = manifest.kind === 'index' ? manifest.manifests : [];
    const leads = manifest.subject === undefined ? children : [...children, manifest.subject];
    return leads.filter((one) => isManifestType(one.mediaType));
  }

  /** Lists the referrers of one manifest. */
  async #referrersOf(
    digest: Digest,
    tags: ReadonlySet<string>,
    call: CallOptions,
  ): Promise<readonly Descriptor[]> {
    const { referrers } = this.#store.capabilities;
    // If all manifests are known, they name their subjects.
    if (referrers === undefined || this.#listed.size > 0) return NONE;
    let found: Descriptor[] | undefined;
    for await (const one of referrers.referrers(digest, { ...call, tags })) {
      if (isManifestType(one.mediaType)) (found ??= []).push(one);
    }
    return found ?? NONE;
  }
}

const NONE: readonly never[] = [];

function uniqueByDigest(descriptors: readonly Descriptor[]): Descriptor[] {
  return [...new Map(descriptors.map((one) => [one.digest, one])).values()];
}

function cannotList(label: string, cause?: AppError): AppError {
  const code = cause === undefined ? 'UNSUPPORTED' : 'USAGE';
  return new AppError(
    code,
    `cannot prune what has no tag in ${label}: its manifests are not listed`,
    {
      hint: 'Most registries list tags only: prune by tags there, and let the registry collect the rest.',
      cause,
    },
  );
}
