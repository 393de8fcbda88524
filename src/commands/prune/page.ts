import { sanitize } from '../../errors/sanitize.ts';
import { shortDigest, type Digest } from '../../oci/digest.ts';
import { createDates } from '../../retention/dates.ts';
import type { Policy } from '../../retention/plan.ts';
import type { RunOutcome, SkipReason } from '../../retention/run.ts';
import type { Brake, Decision, Plan, RepositoryFacts } from '../../retention/types.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';
import { renderTable } from '../output/table.ts';
import { formatAge, formatSize } from '../../util/text/units.ts';
import type { Style } from '../result.ts';

/** The plan and outcome of one repository. */
export interface Pruned {
  readonly facts: RepositoryFacts;
  readonly plan: Plan;
  readonly policy: Policy;
  /** Absent if nothing was deleted. */
  readonly outcome: RunOutcome | undefined;
}

/** An entry in the JSON: a tag, or a manifest without a tag. */
export interface Entry {
  readonly Tag: string | null;
  readonly Digest: Digest;
  readonly Because: string;
}

export interface PruneJson {
  readonly Repository: string;
  readonly Keep: readonly Entry[];
  readonly Delete: readonly Entry[];
  readonly Skipped: readonly Entry[];
  /** Bytes of the manifests and blobs that only deleted images use. */
  readonly Bytes: number;
  readonly Manifests: readonly Digest[];
  readonly Deleted: boolean;
  readonly Refused: Brake | null;
}

/** Describes a run as JSON; what it could not delete counts as skipped. */
export function toJson({ facts, plan, outcome }: Pruned): PruneJson {
  const entries = tagEntries(plan, facts, outcome);
  const of = (verdict: Decision['verdict']): Entry[] =>
    entries.filter((one) => one.verdict === verdict).map(({ entry }) => entry);
  const tagged = new Set(facts.tags.values());
  const manifests = [...plan.manifests].filter(
    ([digest]) => outcome === undefined || outcome.manifests.has(digest),
  );
  const untagged = manifests
    .filter(([digest]) => !tagged.has(digest))
    .map(([digest, because]) => ({ Tag: null, Digest: digest, Because: because }));
  return {
    Repository: plan.repository,
    Keep: of('keep'),
    Delete: [...of('delete'), ...untagged],
    Skipped: of('skip'),
    Bytes: plan.blobBytes + plan.manifestBytes,
    Manifests: manifests.map(([digest]) => digest),
    Deleted: outcome !== undefined,
    Refused: plan.brake ?? null,
  };
}

interface Line {
  readonly verdict: Decision['verdict'];
  readonly entry: Entry;
  readonly reasons: readonly string[];
}

function tagEntries(plan: Plan, facts: RepositoryFacts, outcome: RunOutcome | undefined): Line[] {
  return [...plan.tags].flatMap(([tag, { verdict, because }]) => {
    const digest = facts.tags.get(tag);
    if (digest === undefined) return [];
    const left = verdict === 'delete' ? leftBehind(tag, outcome) : undefined;
    const reasons = left === undefined ? because : [left];
    const entry = { Tag: tag, Digest: digest, Because: reasons[0] ?? '' };
    return [{ verdict: left === undefined ? verdict : 'skip', entry, reasons }];
  });
}

/** Why a tag that the plan deletes still exists; `undefined` if it was deleted. */
function leftBehind(
  tag: string,
  outcome: RunOutcome | undefined,
): SkipReason | 'failed' | undefined {
  if (outcome === undefined || outcome.tags.has(tag)) return undefined;
  return outcome.skipped.get(tag) ?? 'failed';
}

/** Explanations of the reasons in the JSON. */
const WORDS: Readonly<Record<string, string>> = {
  moved: 'it was pushed again meanwhile',
  'no-untag': 'the registry cannot remove only a tag, and its manifest is needed',
  needed: 'its manifest is needed',
  failed: 'it could not be deleted',
  undated: 'it has no date, and counts as young',
  'not-a-version': 'it is no version',
  subject: 'it belongs to an image',
  orphan: 'it belongs to an image that is gone; --orphans deletes it',
};

export interface PageOptions {
  readonly explain: boolean;
  readonly now: Date;
  readonly style: Style;
}

/** Renders the table and the summary of one repository. */
export function page(pruned: Pruned, options: PageOptions): string {
  const rows = rowsOf(pruned, options);
  const columns = [
    { title: 'TAG' },
    { title: 'DIGEST' },
    { title: 'AGE' },
    { title: 'VERDICT' },
    { title: 'REASON', shrink: true },
  ];
  const table = rows.length === 0 ? [] : [renderTable(columns, rows, options.style)];
  return [...table, sum(pruned)].join('\n');
}

function rowsOf(pruned: Pruned, { explain, now }: PageOptions): string[][] {
  const { plan, facts, policy, outcome } = pruned;
  const dates = createDates(facts, policy);
  const ageOf = (tag: string): string => (isDigestTag(tag) ? '' : formatAge(dates.ofTag(tag), now));
  const tags = tagEntries(plan, facts, outcome)
    .filter(({ verdict }) => explain || verdict !== 'keep')
    .map(({ verdict, entry, reasons }) => [
      sanitize(entry.Tag ?? ''),
      shortDigest(entry.Digest),
      ageOf(entry.Tag ?? ''),
      verdict,
      (explain ? reasons : reasons.slice(0, 1)).map((one) => WORDS[one] ?? one).join(', '),
    ]);
  const tagged = new Set(facts.tags.values());
  const manifests = [...plan.manifests]
    .filter(([digest]) => !tagged.has(digest))
    .map(([digest, because]) => [
      '',
      shortDigest(digest),
      formatAge(dates.ofManifest(digest), now),
      outcome === undefined || outcome.manifests.has(digest) ? 'delete' : 'skip',
      because === 'parent' ? 'only deleted indexes list it' : (WORDS[because] ?? because),
    ]);
  return [...tags, ...manifests];
}

function sum(pruned: Pruned): string {
  const { plan } = pruned;
  const { Delete, Manifests, Keep, Skipped, Repository, Bytes, Deleted } = toJson(pruned);
  const tags = Delete.filter((one) => one.Tag !== null).length;
  const name = sanitize(Repository);
  const kept = `${count(Keep.length, 'tag')} and ${count(plan.kept, 'manifest')} stay`;
  const skipped = Skipped.length === 0 ? '' : `, ${count(Skipped.length, 'tag')} skipped`;
  if (tags + Manifests.length === 0) {
    return `${name}: nothing to delete; ${kept}${skipped}`;
  }
  const what = `${count(tags, 'tag')} and ${count(Manifests.length, 'manifest')}`;
  const verb = Deleted ? 'deleted' : 'would delete';
  const freed = `${formatSize(Bytes)} ${Deleted ? 'are' : 'would be'} free after the registry's own garbage collection`;
  return `${name}: ${verb} ${what}; ${kept}${skipped}; ${freed}`;
}

const count = (number: number, word: string): string =>
  `${number} ${word}${number === 1 ? '' : 's'}`;
