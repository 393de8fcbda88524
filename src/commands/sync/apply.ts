import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import { readFlag, readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { requireTrustedPlan } from '../../client/sync/trusted.ts';
import { execute, trustOf } from './execute.ts';
import { parseFile, type SyncRequest } from './jobs.ts';
import { liveResult } from './live.ts';
import { createPlaces } from '../../client/sync/places.ts';
import { readPlan } from './plan-file.ts';
import type { SyncContext } from './settings.ts';

/** Options that decide what is copied: the plan has decided it. */
const DECIDED = [
  ['include', '--include'],
  ['exclude', '--exclude'],
  ['semver', '--semver'],
  ['newest', '--newest'],
  ['glob', '--glob'],
  ['by', '--by'],
  ['since', '--since'],
  ['minTags', '--min-tags'],
  ['mediaType', '--media-type'],
  ['deep', '--deep'],
  ['map', '--map'],
  ['only', '--only'],
  ['shard', '--shard'],
  ['delete', '--delete'],
  ['deleteExclude', '--delete-exclude'],
  ['plan', '--plan'],
  ['src', '--src'],
  ['dest', '--dest'],
] as const;

/**
 * `sync apply FILE`: copies what a plan names, by digest. A tag of the target that has moved since
 * stays (exit 3). `--file` gives the logins of a sync file.
 * @throws AppError USAGE
 */
export async function applyPlan(
  context: SyncContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const [, file, ...more] = input.args;
  if (file === undefined || more.length > 0) {
    throw new AppError('USAGE', 'sync apply takes one plan file', {
      hint: 'Write one with: regctl sync FROM TO --plan FILE',
    });
  }
  for (const [name, flag] of DECIDED) {
    const given = input.options[name];
    if (given === undefined || given === false || (Array.isArray(given) && given.length === 0))
      continue;
    throw new AppError('USAGE', `sync apply does not take ${flag}: the plan says what is copied`);
  }
  const syncFile = readText(input, 'file');
  const hosts =
    syncFile === undefined
      ? undefined
      : (await parseFile(context, input, syncFile, undefined, options)).hosts;
  const planned = await readPlan(context, file, options);
  const request: SyncRequest = {
    format: 'regctl',
    jobs: planned.jobs,
    state: planned.state,
    hosts: hosts ?? new Map(),
    isSkopeo: false,
  };
  const places = createPlaces(context, request.hosts);
  const work = {
    request,
    places,
    plan: planned.plan,
    deletes: planned.deletes,
    mode: readFlag(input, 'dryRun') ? ('dry-run' as const) : ('run' as const),
    stopAtFirst: readFlag(input, 'abortOnError'),
  };
  const plan = await requireTrustedPlan(work.plan, trustOf(context, options));
  return liveResult(context, work.mode, (onImage) =>
    execute(context, input, { ...work, plan }, onImage, options),
  );
}
