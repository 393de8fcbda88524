import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, hexOf, type Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { describeReferrer, fetchManifest } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { LayoutIndex } from './index-json.ts';
import type { PendingIndex } from './pending-index.ts';
import type { EntryFinder } from './resolve.ts';

/** One listed manifest that has a subject. */
interface ListedReferrer {
  readonly referrer: Descriptor;
  /** Tags that the manifest is listed under; undefined for an entry without a tag. */
  readonly tags: Set<string | undefined>;
}

type BySubject = ReadonlyMap<Digest, readonly ListedReferrer[]>;

interface ReferrerScan {
  readonly index: LayoutIndex;
  readonly signal: AbortSignal | undefined;
  readonly found: Promise<BySubject>;
}

/**
 * Finds the referrers in a layout. Its manifests are read once, however many subjects are queried.
 */
export class LayoutReferrers {
  readonly #store: ReadStore;
  readonly #pending: PendingIndex;
  readonly #finder: EntryFinder;
  #scan: ReferrerScan | undefined;

  constructor(store: ReadStore, pending: PendingIndex, finder: EntryFinder) {
    this.#store = store;
    this.#pending = pending;
    this.#finder = finder;
  }

  /**
   * Listed manifests whose subject is `digest`, then those of the fallback tag "sha256-…"
   * (distribution-spec v1.1.1).
   */
  async *of(index: LayoutIndex, digest: Digest, options?: CallOptions): AsyncIterable<Descriptor> {
    const { signal } = options ?? {};
    const seen = new Set<Digest>();
    const isNew = (one: Descriptor): boolean => !seen.has(one.digest) && !!seen.add(one.digest);
    for (const { referrer, tags } of (await this.#listed(index, signal)).get(digest) ?? [])
      if (this.#pending.leaves(tags) && isNew(referrer)) yield referrer;
    for (const referrer of this.#pending.referrersOf(digest)) if (isNew(referrer)) yield referrer;
    for (const listed of this.#finder.all(index, `${algorithmOf(digest)}-${hexOf(digest)}`)) {
      if (!isManifestType(listed.mediaType)) continue;
      const manifest = await fetchManifest(this.#store, listed, { signal });
      if (manifest.kind !== 'index') continue;
      for (const referrer of manifest.manifests) if (isNew(referrer)) yield referrer;
    }
  }

  /** Repeats a scan that another caller aborted. */
  async #listed(index: LayoutIndex, signal: AbortSignal | undefined): Promise<BySubject> {
    for (;;) {
      signal?.throwIfAborted();
      const known = this.#scan?.index === index ? this.#scan : undefined;
      const scan = known ?? { index, signal, found: this.#read(index, signal) };
      this.#scan = scan;
      try {
        return await scan.found;
      } catch (error) {
        if (this.#scan === scan) this.#scan = undefined;
        if (scan.signal === signal || scan.signal?.aborted !== true) throw error;
      }
    }
  }

  async #read(index: LayoutIndex, signal: AbortSignal | undefined): Promise<BySubject> {
    const all = new Map<Digest, ListedReferrer[]>();
    const names = new Map<Digest, Set<string | undefined>>();
    for (const { descriptor, tag } of index.entries) {
      if (!isManifestType(descriptor.mediaType)) continue;
      const before = names.get(descriptor.digest);
      before?.add(tag);
      if (before !== undefined) continue;
      const tags = new Set([tag]);
      names.set(descriptor.digest, tags);
      const manifest = await fetchManifest(this.#store, descriptor, { signal });
      const subject = manifest.subject?.digest;
      if (subject === undefined) continue;
      const listed = { referrer: describeReferrer(manifest, descriptor), tags };
      const same = all.get(subject);
      if (same === undefined) all.set(subject, [listed]);
      else same.push(listed);
    }
    return all;
  }
}
