import type { Digest } from '../oci/digest.ts';
import { isDigestTag, subjectOfDigestTag } from '../tags/digest-tags.ts';
import type { ManifestFacts, RepositoryFacts } from './types.ts';

const NONE: ReadonlySet<never> = new Set();
const NO_PARENTS: readonly never[] = [];

/** What a graph needs to know about a manifest. */
export type GraphNode = Pick<ManifestFacts, 'digest' | 'children' | 'subject'>;

/** The dependencies among the manifests of a repository. */
export class Graph<Node extends GraphNode = ManifestFacts> {
  readonly manifests: ReadonlyMap<Digest, Node>;
  /** Tags of images, without those that hold referrers. */
  readonly tags: ReadonlyMap<string, Digest>;
  readonly digestTags: ReadonlyMap<string, Digest>;
  /** Manifests that one of `tags` points to. */
  readonly tagged: ReadonlySet<Digest>;
  readonly #digestTagged: ReadonlySet<Digest>;
  /** Lists: most have one item, and a set of one needs three times the memory. */
  readonly #parents = new Map<Digest, Digest[]>();
  /** Subjects of a referrer; `undefined` for a digest tag whose subject does not exist. */
  readonly #subjects = new Map<Digest, Set<Digest | undefined>>();
  readonly #referrers = new Map<Digest, Set<Digest>>();

  constructor(
    facts: Pick<RepositoryFacts, 'tags'> & { readonly manifests: ReadonlyMap<Digest, Node> },
  ) {
    this.manifests = facts.manifests;
    this.tags = new Map([...facts.tags].filter(([tag]) => !isDigestTag(tag)));
    this.digestTags = new Map([...facts.tags].filter(([tag]) => isDigestTag(tag)));
    this.tagged = new Set(this.tags.values());
    this.#digestTagged = new Set(this.digestTags.values());
    for (const { digest, children, subject } of facts.manifests.values()) {
      for (const child of new Set(children)) {
        if (!facts.manifests.has(child)) continue;
        const parents = this.#parents.get(child);
        if (parents === undefined) this.#parents.set(child, [digest]);
        else parents.push(digest);
      }
      if (subject !== undefined) this.#link(digest, subject);
    }
    for (const [tag, digest] of this.digestTags) this.#link(digest, this.subjectOf(tag));
  }

  #link(referrer: Digest, subject: Digest | undefined): void {
    add(this.#subjects, referrer, subject);
    if (subject !== undefined) add(this.#referrers, subject, referrer);
  }

  /** The existing manifest that a digest tag belongs to. */
  subjectOf(tag: string): Digest | undefined {
    const subject = subjectOfDigestTag(tag, this.manifests.keys());
    return subject !== undefined && this.manifests.has(subject) ? subject : undefined;
  }

  childrenOf(digest: Digest): readonly Digest[] {
    return this.manifests.get(digest)?.children.filter((one) => this.manifests.has(one)) ?? [];
  }

  parentsOf(digest: Digest): readonly Digest[] {
    return this.#parents.get(digest) ?? NO_PARENTS;
  }

  referrersOf(digest: Digest): ReadonlySet<Digest> {
    return this.#referrers.get(digest) ?? NONE;
  }

  isReferrer(digest: Digest): boolean {
    return this.#subjects.has(digest);
  }

  /** Whether this is an untagged referrer whose subjects do not exist. */
  isOrphan(digest: Digest): boolean {
    return (
      this.isReferrer(digest) && !this.tagged.has(digest) && this.subjectsOf(digest).length === 0
    );
  }

  /** The existing subjects of a referrer. */
  subjectsOf(digest: Digest): readonly Digest[] {
    const subjects = [...(this.#subjects.get(digest) ?? [])];
    return subjects.filter((one) => one !== undefined && this.manifests.has(one)) as Digest[];
  }

  hasTag(digest: Digest): boolean {
    return this.tagged.has(digest) || this.#digestTagged.has(digest);
  }

  /** Whether this is an index with missing children. */
  isBroken(digest: Digest): boolean {
    const manifest = this.manifests.get(digest);
    return manifest?.children.some((child) => !this.manifests.has(child)) ?? false;
  }
}

function add<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}
