import type { Digest } from '../../../oci/digest.ts';
import { Graph, type GraphNode } from '../../../retention/graph.ts';
import { orderOfRemoval, survivorsOf } from '../../../retention/protection.ts';
import type { ChooseManifests } from '../../../server/gc/collect.ts';

export interface UntaggedRules {
  /** Manifests without a tag that no index lists and that refer to nothing. */
  readonly untagged: boolean;
  /** Referrers, and fallback tags, whose subject is not stored. */
  readonly orphans: boolean;
}

/**
 * Chooses manifests as `prune --untagged --orphans` does: children and referrers of what stays stay
 * at any depth, and what a push wrote or asked about within the grace time does.
 */
export function chooseUntagged({ untagged, orphans }: UntaggedRules): ChooseManifests | undefined {
  if (!untagged && !orphans) return undefined;
  return ({ tags, manifests, young }) => {
    const nodes = new Map<Digest, GraphNode>();
    for (const [digest, links] of manifests) nodes.set(digest, { digest, ...links });
    const graph = new Graph({ tags, manifests: nodes });
    const isUntagged = (digest: Digest): boolean =>
      !graph.hasTag(digest) && graph.parentsOf(digest).length === 0 && !graph.isReferrer(digest);
    const chosen = new Set(
      [...nodes.keys()].filter(
        (digest) => (untagged && isUntagged(digest)) || (orphans && graph.isOrphan(digest)),
      ),
    );
    const mayGo = reachedFrom(chosen, graph);
    const others = [...nodes.keys()].filter((digest) => !mayGo.has(digest));
    const alive = survivorsOf(graph, {
      tags: new Set(),
      untagged: chosen,
      protect: new Set([...young, ...others]),
      namesOnly: false,
    });
    return orderOfRemoval(graph, new Set([...nodes.keys()].filter((one) => !alive.has(one))));
  };
}

/** Manifests, all that they list and all that refers to them, at any depth. */
function reachedFrom(some: ReadonlySet<Digest>, graph: Graph<GraphNode>): ReadonlySet<Digest> {
  const reached = new Set(some);
  // A set visits what is added while it is read.
  for (const digest of reached) {
    for (const child of graph.childrenOf(digest)) reached.add(child);
    for (const referrer of graph.referrersOf(digest)) reached.add(referrer);
  }
  return reached;
}
