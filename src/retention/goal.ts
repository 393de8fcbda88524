import type { Digest } from '../oci/digest.ts';
import { Graph } from './graph.ts';
import { survivorsOf, type Removal } from './protection.ts';
import type { Plan, RepositoryFacts } from './types.ts';

/** What may be deleted from a repository: nothing else is, whatever is found later. */
export interface Goal {
  /** Tags to delete, each with the digest that it must still have. */
  readonly tags: ReadonlyMap<string, Digest>;
  /** Manifests to delete, with or without a tag. */
  readonly manifests: ReadonlySet<Digest>;
}

/** The goal of a `prune` plan. */
export function goalOf(plan: Plan, facts: RepositoryFacts): Goal {
  const tags = new Map<string, Digest>();
  for (const [tag, { verdict }] of plan.tags) {
    const digest = facts.tags.get(tag);
    if (verdict === 'delete' && digest !== undefined) tags.set(tag, digest);
  }
  return { tags, manifests: new Set(plan.manifests.keys()) };
}

/** The goal of `sync --delete`: these tags, and everything that only they need. */
export function goalOfTags(facts: RepositoryFacts, tags: ReadonlySet<string>): Goal {
  const graph = new Graph(facts);
  const nothing = new Set<Digest>();
  const alive = survivorsOf(graph, {
    tags,
    untagged: nothing,
    protect: nothing,
    namesOnly: false,
  });
  const manifests = new Set([...graph.manifests.keys()].filter((one) => !alive.has(one)));
  const gone = [...facts.tags].filter(([tag, digest]) => tags.has(tag) || manifests.has(digest));
  return { tags: new Map(gone), manifests };
}

/**
 * Applies a goal to the current repository: a tag that has moved and its previous manifest stay,
 * and so does everything that was added since. `kept` lists manifests that stay for a reason of
 * this run.
 */
export function removalFor(
  goal: Goal,
  graph: Graph,
  { moved, kept }: { readonly moved: ReadonlySet<string>; readonly kept: ReadonlySet<Digest> },
): Removal {
  const tags = new Set<string>();
  const protect = new Set(kept);
  for (const [tag, digest] of goal.tags) {
    if (moved.has(tag)) protect.add(digest);
    else if (graph.tags.get(tag) === digest) tags.add(tag);
  }
  const untagged = new Set<Digest>();
  for (const digest of graph.manifests.keys()) {
    if (!goal.manifests.has(digest)) protect.add(digest);
    else if (!graph.tagged.has(digest)) untagged.add(digest);
  }
  return { tags, untagged, protect, namesOnly: false };
}
