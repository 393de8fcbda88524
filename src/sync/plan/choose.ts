import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { buildTime } from '../../oci/created.ts';
import type { Platform } from '../../oci/platform.ts';
import { parseSpan } from '../../retention/patterns.ts';
import type { ReadStore } from '../../store/types.ts';
import { describeTags, type TagDetails } from '../../tags/details.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';
import { sortByAge } from '../../tags/newest.ts';
import { highestFirst } from '../../tags/order.ts';
import type { CallOptions } from '../../util/abort.ts';
import { selectTags, type Keeps, type Selection, type TagSet } from '../select.ts';
import type { SyncJob } from '../types.ts';

export type NewestBy = 'version' | 'created';

export interface ChooseOptions extends CallOptions {
  /** Concurrent requests to one registry. */
  readonly concurrency: number;
  /** A filter on what the jobs choose. */
  readonly filter?: Keeps | undefined;
  /** What `newest` goes by. Default: versions for a job that selects them, else dates. */
  readonly by?: NewestBy | undefined;
  readonly host: Platform;
  /** What `since` counts from. */
  readonly now: () => Date;
  readonly warn: (text: string) => void;
}

/**
 * The tags of a repository that a job copies.
 * @throws AppError DECLINED if they are fewer than the job wants; USAGE if they have no dates
 */
export async function chooseTags(
  job: SyncJob,
  store: ReadStore,
  all: readonly string[],
  options: ChooseOptions,
): Promise<readonly string[]> {
  const { filter, warn } = options;
  const selection = await selectTags(job.tags);
  warnLoose(job, all, selection, options);
  const named = all.filter(
    (tag) =>
      selection.keeps(tag) &&
      (filter === undefined || filter(tag)) &&
      !(job.skipDigestTags === true && isDigestTag(tag)),
  );
  const chosen = await byAge(job, store, named, options);
  if (job.minTags !== undefined && chosen.length < job.minTags) {
    throw new AppError(
      'DECLINED',
      `cannot sync ${store.label}: ${chosen.length} of its tags match, fewer than ${job.minTags}`,
      { hint: 'Look at the source; --min-tags allows fewer.' },
    );
  }
  if (chosen.length === 0) warn(`${job.where}: no tag of ${store.label} matches`);
  return chosen;
}

function warnLoose(
  job: SyncJob,
  all: readonly string[],
  { keeps, loose }: Selection,
  { warn }: ChooseOptions,
): void {
  if (loose === undefined) return;
  const others = all.filter((tag) => loose(tag) !== keeps(tag));
  if (others.length === 0) return;
  const names = others.slice(0, 10).map(sanitize).join(', ');
  const more = others.length > 10 ? ` and ${others.length - 10} more` : '';
  warn(
    `${job.where}: a pattern stands for the whole tag; without a group around its alternatives regsync takes ${names}${more} as well`,
  );
}

/** Applies `since` and `newest`; each tag is looked up at most once. */
async function byAge(
  job: SyncJob,
  store: ReadStore,
  tags: readonly string[],
  options: ChooseOptions,
): Promise<readonly string[]> {
  const { since, newest } = job;
  const byVersion =
    options.by === undefined ? job.tags.some(selectsVersions) : options.by === 'version';
  const counts = newest !== undefined && tags.length > newest;
  if (tags.length === 0 || (since === undefined && (!counts || byVersion)))
    return counts ? highestFirst([...tags]).slice(0, newest) : tags;
  const dated = await datedOf(store, tags, options);
  const oldest =
    since === undefined ? undefined : options.now().getTime() - parseSpan(since, '--since');
  const young = dated.filter(
    ({ Created }) => oldest === undefined || (buildTime(Created) ?? 0) >= oldest,
  );
  if (newest === undefined || young.length <= newest) {
    const names = new Set(young.map(({ Name }) => Name));
    return tags.filter((tag) => names.has(tag));
  }
  const sorted = byVersion
    ? highestFirst(young.map(({ Name }) => Name))
    : sortByAge(young, 'newest').map(({ Name }) => Name);
  return sorted.slice(0, newest);
}

function selectsVersions({ semver, semverRange = [] }: TagSet): boolean {
  return semver !== undefined || semverRange.length > 0;
}

/** @throws AppError USAGE if no tag has a date */
async function datedOf(
  store: ReadStore,
  tags: readonly string[],
  { concurrency, signal, host, warn }: ChooseOptions,
): Promise<readonly TagDetails[]> {
  const details = await describeTags(store, tags, {
    concurrency,
    signal,
    platform: undefined,
    host,
  });
  const undated = details.filter(({ Created }) => buildTime(Created) === undefined);
  if (undated.length === details.length) {
    throw new AppError(
      'USAGE',
      `cannot choose the newest tags of ${store.label}: none has a date`,
      { hint: 'Choose by version: --by version' },
    );
  }
  if (undated.length > 0) {
    const names = undated.map(({ Name }) => sanitize(Name)).toSorted();
    warn(`tags without a date are left out of the newest: ${names.join(', ')}`);
  }
  return details.filter(({ Created }) => buildTime(Created) !== undefined);
}
