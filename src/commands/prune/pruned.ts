import type { Digest } from '../../oci/digest.ts';
import { createDates } from '../../retention/dates.ts';
import type { Policy } from '../../retention/plan.ts';
import type { RunOutcome, SkipReason } from '../../retention/run.ts';
import type { Brake, Decision, Plan, RepositoryFacts, Time } from '../../retention/types.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';

/** What became of a tag, or of a manifest. */
export interface Line {
  /** `null` for a manifest without a tag. */
  readonly tag: string | null;
  readonly digest: Digest;
  readonly verdict: Decision['verdict'];
  readonly reasons: readonly string[];
  readonly date: Time | undefined;
}

/** The plan and outcome of one repository, without what was read for it. */
export interface Pruned {
  readonly repository: string;
  readonly tags: readonly Line[];
  /** Manifests without a tag. */
  readonly untagged: readonly Line[];
  /** All manifests that are, or would be, deleted. */
  readonly manifests: readonly Digest[];
  /** Number of manifests that stay. */
  readonly kept: number;
  readonly bytes: number;
  readonly deleted: boolean;
  readonly failed: boolean;
  readonly brake: Brake | undefined;
  /** A child may be listed by an index that the registry does not show. */
  readonly mayHideParents: boolean;
}

/** @param outcome absent if nothing was deleted */
export function describe(
  { facts, plan, policy }: { facts: RepositoryFacts; plan: Plan; policy: Policy },
  outcome: RunOutcome | undefined,
): Pruned {
  const dates = createDates(facts, policy);
  const tagged = new Set(facts.tags.values());
  const isGone = (digest: Digest): boolean =>
    outcome === undefined || outcome.manifests.has(digest);
  const tags = [...plan.tags].flatMap(([tag, { verdict, because }]): Line[] => {
    const digest = facts.tags.get(tag);
    if (digest === undefined) return [];
    const left = verdict === 'delete' ? leftBehind(tag, outcome) : undefined;
    const date = isDigestTag(tag) ? undefined : dates.ofTag(tag);
    return left === undefined
      ? [{ tag, digest, verdict, reasons: because, date }]
      : [{ tag, digest, verdict: 'skip', reasons: [left], date }];
  });
  const untagged = [...plan.manifests].flatMap(([digest, because]): Line[] => {
    if (tagged.has(digest)) return [];
    const verdict = isGone(digest) ? 'delete' : 'skip';
    return [{ tag: null, digest, verdict, reasons: [because], date: dates.ofManifest(digest) }];
  });
  return {
    repository: plan.repository,
    tags,
    untagged,
    manifests: [...plan.manifests.keys()].filter(isGone),
    kept: plan.kept,
    bytes: plan.blobBytes + plan.manifestBytes,
    deleted: outcome !== undefined,
    failed: outcome !== undefined && outcome.failures.length > 0,
    brake: plan.brake,
    mayHideParents: !facts.listed && [...plan.manifests.values()].includes('parent'),
  };
}

/** Why a tag that the plan deletes still exists; `undefined` if it was deleted. */
function leftBehind(
  tag: string,
  outcome: RunOutcome | undefined,
): SkipReason | 'failed' | undefined {
  if (outcome === undefined || outcome.tags.has(tag)) return undefined;
  return outcome.skipped.get(tag) ?? 'failed';
}
