import { sanitize } from '../../errors/sanitize.ts';
import { shortDigest, type Digest } from '../../oci/digest.ts';
import type { Brake } from '../../retention/types.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';
import { renderTable } from '../output/table.ts';
import { formatAge, formatSize } from '../../util/text/units.ts';
import type { Style } from '../result.ts';
import type { Line, Pruned } from './pruned.ts';

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
export function toJson(pruned: Pruned): PruneJson {
  const { tags, untagged } = pruned;
  return {
    Repository: pruned.repository,
    Keep: entriesOf('keep', tags),
    Delete: [...entriesOf('delete', tags), ...entriesOf('delete', untagged)],
    Skipped: entriesOf('skip', tags),
    Bytes: pruned.bytes,
    Manifests: pruned.manifests,
    Deleted: pruned.deleted,
    Refused: pruned.brake ?? null,
  };
}

function entriesOf(verdict: Line['verdict'], lines: readonly Line[]): Entry[] {
  return lines
    .filter((one) => one.verdict === verdict)
    .map(({ tag, digest, reasons }) => ({ Tag: tag, Digest: digest, Because: reasons[0] ?? '' }));
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
  parent: 'only deleted indexes list it',
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

function rowsOf({ tags, untagged }: Pruned, { explain, now }: PageOptions): string[][] {
  const words = (reasons: readonly string[]): string =>
    (explain ? reasons : reasons.slice(0, 1)).map((one) => WORDS[one] ?? one).join(', ');
  return [...tags.filter(({ verdict }) => explain || verdict !== 'keep'), ...untagged].map(
    ({ tag, digest, verdict, reasons, date }) => [
      sanitize(tag ?? ''),
      shortDigest(digest),
      tag !== null && isDigestTag(tag) ? '' : formatAge(date, now),
      verdict,
      words(reasons),
    ],
  );
}

function sum(pruned: Pruned): string {
  const { Delete, Manifests, Keep, Skipped, Repository, Bytes, Deleted } = toJson(pruned);
  const tags = Delete.filter((one) => one.Tag !== null).length;
  const name = sanitize(Repository);
  const kept = `${count(Keep.length, 'tag')} and ${count(pruned.kept, 'manifest')} stay`;
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
