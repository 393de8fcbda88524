import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { childrenOf, type Manifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { withEntry, withTag, type LayoutIndex } from './index-json.ts';

/** What a run will add to index.json. */
export class PendingIndex {
  readonly #tags = new Map<string, Descriptor>();
  readonly #pushed = new Map<Digest, Descriptor>();
  /** Manifests that another manifest of this run lists: index.json need not. */
  readonly #children = new Set<Digest>();

  get isEmpty(): boolean {
    return this.#pushed.size === 0 && this.#tags.size === 0;
  }

  tag(tag: string, descriptor: Descriptor): void {
    this.#tags.set(tag, descriptor);
  }

  /** A manifest that was pushed. */
  add(descriptor: Descriptor, manifest: Manifest): void {
    this.#pushed.set(descriptor.digest, descriptor);
    for (const child of childrenOf(manifest))
      if (isManifestType(child.mediaType) && isDigest(child.digest))
        this.#children.add(child.digest);
  }

  /** The index as it will be after the commit. */
  overlay(index: LayoutIndex): LayoutIndex {
    let after = index;
    for (const [tag, descriptor] of this.#tags) after = withTag(after, tag, descriptor);
    for (const [digest, descriptor] of this.#pushed)
      if (!this.#children.has(digest)) after = withEntry(after, descriptor);
    return after;
  }

  clear(): void {
    this.#tags.clear();
    this.#pushed.clear();
    this.#children.clear();
  }
}
