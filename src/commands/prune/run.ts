import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { createPolicy } from '../../retention/flags.ts';
import { goalOf } from '../../retention/goal.ts';
import type { PolicyFor, RulesFormat } from '../../retention/formats/index.ts';
import { planPrune, type PlanOptions } from '../../retention/plan.ts';
import { readRepository } from '../../retention/read/repository.ts';
import { isGiven } from '../../retention/rules.ts';
import { removeGoal } from '../../retention/run.ts';
import type { Plan, RepositoryFacts } from '../../retention/types.ts';
import type { ReadStore } from '../../store/types.ts';
import type { Location } from '../../transports/types.ts';
import { isInShard } from '../../sync/naming.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { readCount, readFlag, readList, readText } from '../input/read.ts';
import { readShard } from '../input/shard.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { applyPlan } from './apply.ts';
import { backUp, locateBackup, undoLines, writeUndoScript } from './backup.ts';
import { inUseOf, readInUse } from './in-use.ts';
import {
  readMaxDelete,
  readProtectedDigests,
  readRuleWords,
  type PruneContext,
} from './options.ts';
import { page, toJson } from './page.ts';
import { writePlanFile, type PlannedRepository } from './plan-file.ts';
import { describe, type Pruned } from './pruned.ts';
import { findRepositories, isPattern } from './repositories.ts';

/** The settings and results that all repositories of a run share. */
interface Job {
  readonly context: PruneContext;
  readonly policyFor: PolicyFor;
  readonly planOptions: Omit<PlanOptions, 'protected'>;
  readonly inUse: Awaited<ReturnType<typeof readInUse>>;
  readonly digests: PlanOptions['protected']['digests'];
  readonly listed: Awaited<ReturnType<typeof readInUse>>;
  readonly confirmed: boolean;
  readonly backup: Location | undefined;
  /** Collected only if a file for them is named. */
  readonly undo: string[] | undefined;
  readonly planned: PlannedRepository[] | undefined;
}

/**
 * Plans, and with `--yes` deletes. Skips a repository that cannot be read and continues with the
 * others.
 * @throws AppError USAGE; any failure if only one repository was named
 */
export async function run(
  context: PruneContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  if (input.args[0] === 'apply') return applyPlan(context, input, options);
  const names = input.args;
  const job = await prepare(context, input, options);
  const shard = readShard(input);
  const found = await findRepositories(context, names, options);
  const repositories = found.filter(({ name }) => isInShard(name, shard));
  const stopsAtFirst = readFlag(input, 'abortOnError');
  const failures: AppError[] = [];
  let hasFailed = false;
  const one = async (place: Location, call: CallOptions): Promise<Pruned | undefined> => {
    if (hasFailed && stopsAtFirst) return undefined;
    try {
      const pruned = await pruneOne(job, place, call);
      hasFailed ||= pruned?.failed === true;
      return pruned;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof AppError) || found.length === 1) throw error;
      context.warn(`${place.name} was skipped: ${error.message}`);
      failures.push(error);
      hasFailed = true;
      return undefined;
    }
  };
  // An OCI layout has one writer.
  const jobs = job.backup === undefined ? (readCount(input, 'jobs', '--jobs') ?? 1) : 1;
  const all = await mapParallel(repositories, jobs, one, options);
  await writeFiles(job, input);
  const list = names.length > 1 || names.some(isPattern);
  const pruned = all.filter((done) => done !== undefined);
  return report(job, pruned, failures, { list, explain: readFlag(input, 'explain') });
}

async function prepare(context: PruneContext, input: Input, options: CallOptions): Promise<Job> {
  const backup = readText(input, 'backup');
  return {
    context,
    policyFor: await readPolicy(context, input, options),
    planOptions: {
      now: context.now().getTime(),
      untagOnly: readFlag(input, 'untagOnly'),
      maxDelete: readMaxDelete(input),
      allowEmpty: readFlag(input, 'allowEmpty'),
      check: readFlag(input, 'check'),
      moved: new Set(),
    },
    inUse: await readInUse(context, readList(input, 'inUse'), options),
    digests: readProtectedDigests(input),
    listed: await readInUse(context, readList(input, 'protectFile'), options),
    confirmed: readFlag(input, 'yes'),
    backup: backup === undefined ? undefined : locateBackup(context, backup),
    undo: readText(input, 'undoScript') === undefined ? undefined : [],
    planned: readText(input, 'plan') === undefined ? undefined : [],
  };
}

/** @throws AppError USAGE, IO */
async function readPolicy(
  { cwd }: PruneContext,
  input: Input,
  options: CallOptions,
): Promise<PolicyFor> {
  const file = readText(input, 'rules');
  const words = readRuleWords(input);
  if (file === undefined) {
    const policy = await createPolicy(words);
    return () => policy;
  }
  if (Object.values(words).some(isGiven)) {
    throw new AppError(
      'USAGE',
      '--rules takes all rules from the file, so that no other rule can be given',
    );
  }
  const { parseRules } = await import('../../retention/formats/index.ts');
  const text = await readRules(resolve(cwd, file), file, options);
  return parseRules(text, file, readText(input, 'rulesFormat') as RulesFormat | undefined);
}

async function readRules(path: string, file: string, options: CallOptions): Promise<string> {
  try {
    return await readFile(path, { encoding: 'utf8', signal: options.signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new AppError('IO', `cannot read ${file}: the rules`, { cause: error });
  }
}

/** Resolves to `undefined` if no rule applies to the repository. */
async function pruneOne(
  job: Job,
  place: Location,
  options: CallOptions,
): Promise<Pruned | undefined> {
  const { context } = job;
  await using store = await context.openRead(place, 'single', { ...options, forUpdate: true });
  const policy = job.policyFor(store.label);
  if (policy === undefined) {
    context.note(`${store.label} was skipped: no rule names it`);
    return undefined;
  }
  const facts = await readRepository(store, {
    concurrency: context.flags.concurrency,
    dates: policy.needsDates,
    createdOnly: policy.clock === 'created',
    mustList: policy.needsList,
    signal: options.signal,
  });
  const plan = planPrune(facts, policy, {
    ...job.planOptions,
    protected: {
      digests: job.digests,
      listed: inUseOf(job.listed, place, facts),
      inUse: inUseOf(job.inUse, place, facts),
    },
  });
  const outcome = await carryOut(job, { store, facts, plan }, options);
  return describe({ facts, plan, policy }, outcome);
}

interface Planned {
  readonly store: ReadStore;
  readonly facts: RepositoryFacts;
  readonly plan: Plan;
}

/** Deletes what the plan lists, if `--yes` is set and no safety limit applies. */
async function carryOut(job: Job, { store, facts, plan }: Planned, options: CallOptions) {
  const { context, backup } = job;
  const goal = goalOf(plan, facts);
  const isNothing = goal.tags.size + goal.manifests.size === 0;
  if (isNothing || plan.brake !== undefined) return undefined;
  job.planned?.push({ repository: facts.repository, goal });
  if (job.undo !== undefined) job.undo.push(...undoLines(facts, goal, backup));
  if (!job.confirmed) return undefined;
  if (backup !== undefined) await backUp(context, backup, { store, facts, goal }, options);
  const outcome = await removeGoal(store, facts, goal, {
    concurrency: context.flags.concurrency,
    signal: options.signal,
  });
  for (const { what, error } of outcome.failures) context.warn(`${what}: ${error.message}`);
  return outcome;
}

async function writeFiles(job: Job, input: Input): Promise<void> {
  const plan = readText(input, 'plan');
  if (plan !== undefined) await writePlanFile(resolve(job.context.cwd, plan), job.planned ?? []);
  const undo = readText(input, 'undoScript');
  if (undo !== undefined) await writeUndoScript(resolve(job.context.cwd, undo), job.undo ?? []);
}

const BRAKES = {
  'max-delete': 'more would go than --max-delete allows; nothing was deleted',
  'keeps nothing': 'nothing would stay; nothing was deleted, --allow-empty allows it',
  check: 'there is something to delete',
} as const;

function report(
  { context, confirmed }: Job,
  pruned: readonly Pruned[],
  failures: readonly AppError[],
  { list, explain }: { readonly list: boolean; readonly explain: boolean },
): Result {
  const now = context.now();
  for (const { repository, brake, mayHideParents } of pruned) {
    if (brake !== undefined) context.warn(`${repository}: ${BRAKES[brake]}`);
    if (mayHideParents) {
      context.note(
        `${repository} does not list its manifests: a child goes when no index that can be seen lists it`,
      );
    }
  }
  const works = pruned.some((one) => one.brake === undefined && one.manifests.length > 0);
  const failed = failures.length > 0 || pruned.some((one) => one.failed);
  const braked = pruned.some(({ brake }) => brake !== undefined);
  const json = pruned.map(toJson);
  return {
    kind: 'value',
    json: list ? json : (json[0] ?? null),
    text: (style) => pruned.map((one) => page(one, { explain, now, style })).join('\n\n'),
    exit: () => {
      // After the table, where the screen ends.
      if (!confirmed && works) context.note('nothing was deleted; --yes deletes what is shown');
      return failed ? 1 : braked ? 3 : 0;
    },
  };
}
