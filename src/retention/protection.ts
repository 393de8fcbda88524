import type { Digest } from '../oci/digest.ts';
import type { Graph, GraphNode } from './graph.ts';

/** What a policy removes, before protection applies. */
export interface Removal {
  /** Tags to remove. */
  readonly tags: ReadonlySet<string>;
  /** Manifests without a tag to delete. */
  readonly untagged: ReadonlySet<Digest>;
  /** Manifests that stay even without a tag. */
  readonly protect: ReadonlySet<Digest>;
  /** Removes only tags; every manifest stays. */
  readonly namesOnly: boolean;
}

/**
 * The manifests that stay: everything that a remaining tag, a protected digest or a kept untagged
 * manifest leads to, through indexes and attestations at any depth, and the referrers of all of
 * these. Only manifests that nothing here needs may be deleted (repositories.md B2, dangers 1 to
 * 5).
 */
export function survivorsOf(graph: Graph<GraphNode>, removal: Removal): ReadonlySet<Digest> {
  if (removal.namesOnly) return new Set(graph.manifests.keys());
  const alive = new Set<Digest>();
  const work: Digest[] = [];
  const keep = (digest: Digest): void => {
    if (alive.has(digest) || !graph.manifests.has(digest)) return;
    alive.add(digest);
    work.push(digest);
  };
  for (const digest of removal.protect) keep(digest);
  for (const [tag, digest] of graph.tags) if (!removal.tags.has(tag)) keep(digest);
  for (const digest of graph.manifests.keys()) {
    if (!removal.untagged.has(digest) && standsAlone(graph, digest)) keep(digest);
  }
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    for (const child of graph.childrenOf(next)) keep(child);
    for (const referrer of graph.referrersOf(next)) keep(referrer);
  }
  return alive;
}

/** Whether nothing leads to a manifest, and no rule removes it. */
function standsAlone(graph: Graph<GraphNode>, digest: Digest): boolean {
  if (graph.isOrphan(digest)) return true;
  return (
    !graph.tagged.has(digest) && !graph.isReferrer(digest) && graph.parentsOf(digest).length === 0
  );
}

/**
 * An order of removal that leaves nothing broken: an index always before its children, and a
 * referrer before its subject if both are possible.
 */
export function orderOfRemoval(graph: Graph<GraphNode>, dead: ReadonlySet<Digest>): Digest[] {
  const waiting = new Map<Digest, { parents: number; referrers: number }>();
  const countDead = (some: Iterable<Digest>): number => {
    let count = 0;
    for (const one of some) if (dead.has(one)) count += 1;
    return count;
  };
  for (const digest of dead) {
    waiting.set(digest, {
      parents: countDead(graph.parentsOf(digest)),
      referrers: countDead(graph.referrersOf(digest)),
    });
  }
  const ready = [...dead].filter((digest) => isFree(waiting.get(digest)));
  const ordered: Digest[] = [];
  while (waiting.size > 0) {
    const next = ready.pop() ?? firstWithoutParents(waiting);
    if (next === undefined || !waiting.delete(next)) continue;
    ordered.push(next);
    const release = (digest: Digest, what: 'parents' | 'referrers'): void => {
      const counts = waiting.get(digest);
      if (counts === undefined) return;
      counts[what] -= 1;
      if (isFree(counts)) ready.push(digest);
    };
    for (const child of new Set(graph.childrenOf(next))) release(child, 'parents');
    for (const subject of graph.subjectsOf(next)) release(subject, 'referrers');
  }
  return ordered;
}

const isFree = (counts: { parents: number; referrers: number } | undefined): boolean =>
  counts !== undefined && counts.parents === 0 && counts.referrers === 0;

/**
 * Picks any manifest that no remaining index lists. In a cycle, a digest tag's subject lists the
 * tag's own target, so no manifest is free of both parents and referrers.
 */
function firstWithoutParents(
  waiting: ReadonlyMap<Digest, { parents: number }>,
): Digest | undefined {
  for (const [digest, { parents }] of waiting) if (parents === 0) return digest;
  return undefined;
}
