import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { readRepository } from '../../retention/read/repository.ts';
import { removeGoal, type RunOutcome } from '../../retention/run.ts';
import type { CallOptions } from '../../util/abort.ts';
import { readFlag } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { readPlanFile, type PlannedRepository } from './plan-file.ts';
import type { PruneContext } from './options.ts';

/** The outcome of an applied plan in one repository. */
interface Applied {
  readonly planned: PlannedRepository;
  readonly outcome: RunOutcome;
}

/**
 * `prune apply FILE`: reads each repository again and deletes what the plan names if it has not
 * changed since. Keeps everything that was pushed since, and what it needs.
 * @throws AppError USAGE, IO, DECLINED
 */
export async function applyPlan(
  context: PruneContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const [, file, ...rest] = input.args;
  if (file === undefined || rest.length > 0) {
    throw new AppError('USAGE', 'prune apply takes one plan file', {
      hint: 'Write one with: regctl prune REPOSITORY … --plan FILE',
    });
  }
  rejectOptions(input);
  const repositories = await readPlanFile(resolve(context.cwd, file), options);
  await confirm(context, input, repositories, options);
  const applied: Applied[] = [];
  let failed = false;
  for (const planned of repositories) {
    try {
      applied.push({ planned, outcome: await applyOne(context, planned, options) });
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof AppError) || repositories.length === 1) throw error;
      context.warn(`${planned.repository} was skipped: ${error.message}`);
      failed = true;
    }
  }
  for (const { outcome } of applied) {
    for (const { what, error } of outcome.failures) context.warn(`${what}: ${error.message}`);
    failed ||= outcome.failures.length > 0;
  }
  return {
    kind: 'value',
    json: applied.map(toJson),
    text: () => applied.map(toText).join('\n'),
    exit: failed ? 1 : 0,
  };
}

/** Rejects rules, because the plan already applied its own. */
function rejectOptions(input: Input): void {
  const others = Object.keys(input.options).filter((name) => name !== 'yes');
  const given = others.filter((name) => {
    const value = input.options[name];
    return value !== undefined && value !== false;
  });
  if (given.length === 0) return;
  throw new AppError('USAGE', 'prune apply takes no rules: it deletes what the plan names');
}

async function confirm(
  { terminal }: PruneContext,
  input: Input,
  repositories: readonly PlannedRepository[],
  options: CallOptions,
): Promise<void> {
  if (!terminal.interactive || readFlag(input, 'yes')) return;
  const sum = (of: (one: PlannedRepository) => number): number =>
    repositories.reduce((total, one) => total + of(one), 0);
  const what = `${sum((one) => one.goal.tags.size)} tags and ${sum((one) => one.goal.manifests.size)} manifests of ${repositories.length} repositories`;
  if (await terminal.confirm(`Delete ${what}?`, options)) return;
  throw new AppError('DECLINED', 'the plan was not applied');
}

async function applyOne(
  context: PruneContext,
  { repository, goal }: PlannedRepository,
  options: CallOptions,
): Promise<RunOutcome> {
  const place = context.locate(repository);
  await using store = await context.openRead(place, 'single', { ...options, forUpdate: true });
  const { concurrency } = context.flags;
  const { signal } = options;
  const facts = await readRepository(store, { concurrency, dates: false, signal });
  return await removeGoal(store, facts, goal, { concurrency, signal });
}

function toJson({ planned, outcome }: Applied) {
  return {
    Repository: planned.repository,
    Deleted: {
      Tags: [...planned.goal.tags.keys()].filter((tag) => outcome.tags.has(tag)),
      Manifests: [...outcome.manifests],
    },
    Skipped: [...outcome.skipped].map(([Tag, Because]) => ({ Tag, Because })),
    Failed: outcome.failures.map(({ what, error }) => ({ Name: what, Error: error.message })),
  };
}

function toText(applied: Applied): string {
  const { Repository, Deleted, Skipped } = toJson(applied);
  const skipped = Skipped.map(({ Tag, Because }) => `\n  ${Tag} stays: ${Because}`).join('');
  return `${Repository}: deleted ${Deleted.Tags.length} tags and ${Deleted.Manifests.length} manifests${skipped}`;
}
