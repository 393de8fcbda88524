import type { Digest } from '../oci/digest.ts';
import { createDates, type DateOptions } from './dates.ts';
import { Graph } from './graph.ts';
import type { Protected } from './hard-keeps.ts';
import type { View } from './judge.ts';
import { orderOfRemoval, survivorsOf } from './protection.ts';
import type { Brake, Decision, Judgement, Plan, RepositoryFacts, Time } from './types.ts';

/** Rules from any source: the options of `prune`, or a file of another tool. */
export interface Policy extends DateOptions {
  /** Whether it decides about manifests without a tag, so that all manifests must be listed. */
  readonly needsList: boolean;
  readonly needsDates: boolean;
  /** What the safety limits count: manifests if the policy does not select tags. */
  readonly counts: 'tags' | 'manifests';
  judge(view: View): Judgement;
}

export interface PlanOptions {
  readonly now: Time;
  readonly protected: Protected;
  /** Removes tags and keeps manifests. */
  readonly untagOnly: boolean;
  /** "50%" of what there is, or a number. */
  readonly maxDelete: MaxDelete | undefined;
  readonly allowEmpty: boolean;
  /** Exits with status 3 if there is anything to delete. */
  readonly check: boolean;
  /** Tags that have changed since the repository was read. */
  readonly moved: ReadonlySet<string>;
}

export interface MaxDelete {
  readonly count: number;
  readonly percent: boolean;
}

/**
 * Computes a plan from the facts only: no request, no clock.
 * @throws AppError as the policy does
 */
export function planPrune(facts: RepositoryFacts, policy: Policy, options: PlanOptions): Plan {
  const graph = new Graph(facts);
  const judgement = withMoved(
    policy.judge({
      graph,
      dates: createDates(facts, policy),
      now: options.now,
      protected: options.protected,
    }),
    options.moved,
  );
  const alive = survivorsOf(graph, {
    tags: tagsToDelete(judgement),
    untagged: new Set(judgement.untagged.keys()),
    protect: judgement.protect,
    namesOnly: options.untagOnly,
  });
  const dead = new Set([...graph.manifests.keys()].filter((digest) => !alive.has(digest)));
  const tags = new Map([...verdicts(facts, judgement, alive), ...digestTagVerdicts(graph, dead)]);
  const manifests = new Map(
    orderOfRemoval(graph, dead).map((digest) => [digest, reasonOf(graph, judgement, digest)]),
  );
  const counted = policy.counts;
  return {
    repository: facts.repository,
    tags,
    manifests,
    ...bytesOf(graph, alive, dead),
    kept: alive.size,
    brake: brakeOf({ graph, tags, manifests, alive, counted }, options),
  };
}

function withMoved(judgement: Judgement, moved: ReadonlySet<string>): Judgement {
  const tags = new Map(judgement.tags);
  for (const tag of moved) {
    if (tags.has(tag)) tags.set(tag, { verdict: 'skip', because: ['moved'] });
  }
  return { ...judgement, tags };
}

function tagsToDelete({ tags }: Judgement): Set<string> {
  return new Set([...tags].filter(([, one]) => one.verdict === 'delete').map(([tag]) => tag));
}

/**
 * Decides for each tag; if its manifest stays, only the tag is removed, if the registry supports
 * it.
 */
function verdicts(
  { tags, untags }: RepositoryFacts,
  judgement: Judgement,
  alive: ReadonlySet<Digest>,
): [string, Decision][] {
  return [...judgement.tags].map(([tag, decision]) => {
    const digest = tags.get(tag);
    const stuck = untags === false && digest !== undefined && alive.has(digest);
    return decision.verdict === 'delete' && stuck
      ? [tag, { verdict: 'skip', because: ['no-untag'] }]
      : [tag, decision];
  });
}

function digestTagVerdicts(graph: Graph, dead: ReadonlySet<Digest>): [string, Decision][] {
  return [...graph.digestTags].map(([tag, digest]) => {
    const subject = graph.subjectOf(tag);
    const goes = dead.has(digest) || (subject !== undefined && dead.has(subject));
    if (goes) {
      return [
        tag,
        { verdict: 'delete', because: [subject === undefined ? '--orphans' : 'subject'] },
      ];
    }
    return [tag, { verdict: 'keep', because: [subject === undefined ? 'orphan' : 'subject'] }];
  });
}

function reasonOf(graph: Graph, judgement: Judgement, digest: Digest): string {
  const chosen = judgement.untagged.get(digest);
  if (chosen !== undefined) return chosen;
  if (graph.tagged.has(digest)) return 'tags';
  return graph.isReferrer(digest) ? 'subject' : 'parent';
}

function bytesOf(
  graph: Graph,
  alive: ReadonlySet<Digest>,
  dead: ReadonlySet<Digest>,
): Pick<Plan, 'blobBytes' | 'manifestBytes'> {
  const counted = new Set<number>();
  const countNew = (digest: Digest): number => {
    const blobs = graph.manifests.get(digest)?.blobs ?? [];
    let bytes = 0;
    for (let i = 0; i < blobs.length; i += 2) {
      const [key = 0, size = 0] = [blobs[i], blobs[i + 1]];
      if (!counted.has(key)) bytes += size;
      counted.add(key);
    }
    return bytes;
  };
  for (const digest of alive) countNew(digest);
  let blobBytes = 0;
  let manifestBytes = 0;
  for (const digest of dead) {
    blobBytes += countNew(digest);
    manifestBytes += graph.manifests.get(digest)?.size ?? 0;
  }
  return { blobBytes, manifestBytes };
}

interface Outcome {
  readonly graph: Graph;
  readonly tags: ReadonlyMap<string, Decision>;
  readonly manifests: ReadonlyMap<Digest, string>;
  readonly alive: ReadonlySet<Digest>;
  readonly counted: 'tags' | 'manifests';
}

function brakeOf(outcome: Outcome, options: PlanOptions): Brake | undefined {
  const { graph, tags, manifests, alive, counted } = outcome;
  const gone = [...graph.tags.keys()].filter((tag) => tags.get(tag)?.verdict === 'delete').length;
  const ofTags = counted === 'tags';
  const [count, total] = ofTags ? [gone, graph.tags.size] : [manifests.size, graph.manifests.size];
  const nothingStays = ofTags && graph.tags.size > 0 ? gone === graph.tags.size : alive.size === 0;
  if (count > 0 && nothingStays && !options.allowEmpty) return 'keeps nothing';
  const { maxDelete } = options;
  if (maxDelete !== undefined) {
    const limit = maxDelete.percent ? (total * maxDelete.count) / 100 : maxDelete.count;
    if (count > limit) return 'max-delete';
  }
  return options.check && gone + manifests.size > 0 ? 'check' : undefined;
}
