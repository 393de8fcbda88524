import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { childrenOf, type Manifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { describeReferrer } from '../../store/manifests.ts';
import { withEntries, withTags, type LayoutIndex } from './index-json.ts';

/** The entries that a run will add to index.json. */
export class PendingIndex {
  readonly #tags = new Map<string, Descriptor>();
  readonly #pushed = new Map<Digest, Descriptor>();
  /** Manifests that another manifest of this run lists, so index.json need not list them. */
  readonly #children = new Set<Digest>();
  readonly #referrers = new Map<Digest, Map<Digest, Descriptor>>();

  #overlaid: { readonly before: LayoutIndex; readonly after: LayoutIndex } | undefined;

  get isEmpty(): boolean {
    return this.#pushed.size === 0 && this.#tags.size === 0;
  }

  tag(tag: string, descriptor: Descriptor): void {
    this.#overlaid = undefined;
    this.#tags.set(tag, descriptor);
  }

  /** Adds a manifest that was pushed. */
  add(descriptor: Descriptor, manifest: Manifest): void {
    this.#overlaid = undefined;
    this.#pushed.set(descriptor.digest, descriptor);
    for (const child of childrenOf(manifest))
      if (isManifestType(child.mediaType) && isDigest(child.digest))
        this.#children.add(child.digest);
    const subject = manifest.subject?.digest;
    if (subject === undefined) return;
    const same = this.#referrers.get(subject) ?? new Map<Digest, Descriptor>();
    this.#referrers.set(
      subject,
      same.set(descriptor.digest, describeReferrer(manifest, descriptor)),
    );
  }

  /** Finds what this run tagged, or pushed by digest. */
  find(ref: string): Descriptor | undefined {
    return isDigest(ref) ? this.#pushed.get(ref) : this.#tags.get(ref);
  }

  /** Pushed manifests with this subject that will be listed. */
  referrersOf(subject: Digest): Descriptor[] {
    const all = [...(this.#referrers.get(subject)?.values() ?? [])];
    return all.filter(({ digest }) => !this.#children.has(digest));
  }

  /** Whether a manifest listed under these names will still be listed. */
  leaves(tags: ReadonlySet<string | undefined>): boolean {
    return [...tags].some((tag) => tag === undefined || !this.#tags.has(tag));
  }

  /** The index as it will be after the commit. */
  overlay(index: LayoutIndex): LayoutIndex {
    if (this.isEmpty) return index;
    if (this.#overlaid?.before === index) return this.#overlaid.after;
    const roots = [...this.#pushed.values()].filter(({ digest }) => !this.#children.has(digest));
    const after = withEntries(withTags(index, this.#tags), roots);
    this.#overlaid = { before: index, after };
    return after;
  }

  clear(): void {
    this.#overlaid = undefined;
    this.#tags.clear();
    this.#pushed.clear();
    this.#children.clear();
    this.#referrers.clear();
  }
}
