import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { createMatcher } from '../../retention/patterns.ts';
import { readRepository } from '../../retention/read/repository.ts';
import type { RepositoryFacts } from '../../retention/types.ts';
import type { ReadStore } from '../../store/types.ts';
import { tagListerOf } from '../../tags/find.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';
import { backupData } from '../formats/regsync-steps.ts';
import { nameOf, type PlannedRoute, type SyncPlan } from '../plan/types.ts';
import type { ImageResult } from '../results.ts';
import type { Expand } from '../templates.ts';
import { deleteTags, goneResult, incompleteOf, type DeleteOptions } from './tags.ts';

/** This many tags may always be deleted. */
const ALWAYS = 5;
const DEFAULT_MOST = '10%';

/**
 * Deletes tags that the source no longer has, one repository after the other, after all copies.
 * Skips a repository if anything in it failed or its source has no tags. Images that stay keep all
 * that they need.
 */
export async function deleteLeft(
  plan: SyncPlan,
  done: readonly ImageResult[],
  options: DeleteOptions,
): Promise<readonly ImageResult[]> {
  const results: ImageResult[] = [];
  const report = (result: ImageResult): void => {
    results.push(result);
    options.onImage(result);
  };
  const failed = incompleteOf(done);
  for (const routes of byTarget(plan.routes)) {
    const [first] = routes;
    // If one job of a repository deletes nothing, nothing in it is deleted.
    if (first === undefined || routes.some(({ job }) => job.delete === undefined)) continue;
    const prefix = `${first.target.name}:`;
    const hasFailed =
      failed.some(({ destination }) => destination.startsWith(prefix)) ||
      plan.failures.some(({ job }) => routes.some((route) => route.job === job));
    if (hasFailed) continue;
    try {
      for (const one of await deleteFrom(routes, options)) report(one);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      const { name } = first.target;
      const because = 'nothing was deleted';
      report({ source: name, destination: name, outcome: 'failed', because, bytes: 0, error });
    }
  }
  return results;
}

function byTarget(routes: readonly PlannedRoute[]): Iterable<readonly PlannedRoute[]> {
  const groups = new Map<string, PlannedRoute[]>();
  for (const route of routes) {
    const key = `${route.target.scheme}:${route.target.name}`;
    groups.set(key, [...(groups.get(key) ?? []), route]);
  }
  return groups.values();
}

async function deleteFrom(
  routes: readonly PlannedRoute[],
  options: DeleteOptions,
): Promise<readonly ImageResult[]> {
  const [{ job, target }] = routes as readonly [PlannedRoute];
  const { places, concurrency, signal, dryRun } = options;
  const kept = new Set<string>();
  for (const { sourceTags, keptTags, source } of routes) {
    if (sourceTags === undefined || keptTags === undefined || sourceTags.length === 0) {
      throw new AppError(
        'DECLINED',
        `cannot delete from ${target.name}: ${source.name} lists no tags`,
        {
          hint: 'A source without tags may be an accident: delete by hand what is to go.',
        },
      );
    }
    for (const tag of keptTags) kept.add(tag);
  }
  await using store = await places.openTarget(target, { signal, forUpdate: true });
  // Most nights nothing left the source: a list of names shows that.
  if (!(await hasOthers(store, kept, options))) return [];
  const facts = await readRepository(store, { concurrency, dates: false, signal });
  const going = candidates(facts, kept, routes, options);
  checkMost(job.maxDelete ?? DEFAULT_MOST, going.size, facts);
  if (going.size === 0 || dryRun)
    return [...going].map((tag) => goneResult(target, tag, facts.tags.get(tag)));
  return await deleteTags({ job, target, going, store, facts }, options);
}

async function hasOthers(
  store: ReadStore,
  kept: ReadonlySet<string>,
  { signal }: DeleteOptions,
): Promise<boolean> {
  try {
    for await (const page of tagListerOf(store).tags({ signal }))
      if (page.some((tag) => !kept.has(tag) && !isDigestTag(tag))) return true;
    return false;
  } catch (error) {
    if (error instanceof AppError && error.code === 'REPOSITORY_UNKNOWN') return false;
    throw error;
  }
}

/** Finds tags at the target but not at the source that the job may delete. */
function candidates(
  facts: RepositoryFacts,
  kept: ReadonlySet<string>,
  routes: readonly PlannedRoute[],
  { state, expand }: DeleteOptions,
): ReadonlySet<string> {
  const [{ target }] = routes as readonly [PlannedRoute];
  const isBackup = backupPattern(routes, expand);
  const owned = routes.some((route) => route.job.delete === 'owned');
  if (owned && state === undefined) {
    throw new AppError(
      'DECLINED',
      `cannot delete from ${target.name}: there is no state of earlier runs`,
      {
        hint: 'Keep one with --state FILE, or delete whatever the source does not have: --delete=all',
      },
    );
  }
  const excluded = routes.flatMap(({ job }) =>
    (job.deleteExclude ?? []).map((pattern) => createMatcher(pattern, '--delete-exclude')),
  );
  const isKept = (tag: string): boolean =>
    kept.has(tag) || isDigestTag(tag) || isBackup(tag) || excluded.some((matches) => matches(tag));
  const going = [...facts.tags].filter(([tag, digest]) => {
    if (isKept(tag)) return false;
    // A tag that has moved since the last run belongs to somebody else.
    return !owned || state?.digestOf(nameOf(target, tag)) === digest;
  });
  return new Set(going.map(([tag]) => tag));
}

const MARK = 'regctl-any-tag';

/** Matches backup tags, which are never deleted as leftovers. */
function backupPattern(routes: readonly PlannedRoute[], expand: Expand): (tag: string) => boolean {
  const patterns = routes.flatMap(({ job }) => {
    if (job.backup === undefined) return [];
    const ref = {
      Scheme: 'reg',
      Registry: '',
      Repository: '',
      Tag: MARK,
      Digest: '',
      Path: '',
      Reference: MARK,
      CommonName: MARK,
    };
    const text = expand(job.backup, backupData(job, ref)).trim();
    const tag = text.slice(text.lastIndexOf(':') + 1);
    const source = tag.split(MARK).map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&'));
    return [new RegExp(`^${source.join('.*')}$`, 'u')];
  });
  return (tag) => patterns.some((pattern) => pattern.test(tag));
}

/** @throws AppError DECLINED, USAGE */
function checkMost(text: string, going: number, { tags, repository }: RepositoryFacts): void {
  const match = /^(\d{1,9})(%?)$/u.exec(text);
  if (match === null) {
    throw new AppError(
      'USAGE',
      `--max-delete takes a number or a percentage, not "${sanitize(text)}"`,
    );
  }
  const count = Number(match[1]);
  const most = match[2] === '%' ? Math.floor((tags.size * count) / 100) : count;
  // An absolute number applies exactly.
  const limit = match[2] === '%' ? Math.max(ALWAYS, most) : most;
  if (going <= limit) return;
  throw new AppError(
    'DECLINED',
    `cannot delete ${going} of ${tags.size} tags of ${repository}: --max-delete allows ${limit}`,
    {
      hint: 'Look at them with --dry-run, and allow more with --max-delete.',
    },
  );
}
