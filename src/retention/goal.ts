import type { Digest } from '../oci/digest.ts';
import { Graph } from './graph.ts';
import { survivorsOf, type Removal } from './protection.ts';
import type { Plan, RepositoryFacts } from './types.ts';

/** What may go from a repository: nothing else ever does, whatever is found there later. */
export interface Goal {
  /** Tags that go, each with the digest that it has to have still. */
  readonly tags: ReadonlyMap<string, Digest>;
  /** Manifests that go, with or without a tag. */
  readonly manifests: ReadonlySet<Digest>;
}

/** The goal of a plan of `prune`. */
export function goalOf(plan: Plan, facts: RepositoryFacts): Goal {
  const tags = new Map<string, Digest>();
  for (const [tag, { verdict }] of plan.tags) {
    const digest = facts.tags.get(tag);
    if (verdict === 'delete' && digest !== undefined) tags.set(tag, digest);
  }
  return { tags, manifests: new Set(plan.manifests.keys()) };
}

/** These tags, and whatever nobody needs without them: what `sync --delete` removes. */
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
 * What of a goal holds for a repository as it is now: a tag that moved keeps what it had, and so
 * does everything that came since. `kept` are manifests that stay for a reason of this run.
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
