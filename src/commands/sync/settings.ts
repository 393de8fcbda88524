import { join, resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { stateFolder } from '../../config/files/user-folders.ts';
import { PullBudget } from '../../sync/budget.ts';
import { stateName, SyncState } from '../../sync/state.ts';
import type { RunOptions } from '../../sync/transfer/types.ts';
import type { ChooseOptions } from '../../sync/plan/choose.ts';
import { createTagFilter, type Keeps } from '../../sync/select.ts';
import { sleep } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readCount, readFlag, readList, readText } from '../input/read.ts';
import { openConverted } from '../../client/converted.ts';
import { conversionContext } from '../transfer/flags.ts';
import type { Input } from '../types.ts';
import type { JobsContext, SyncRequest } from './jobs.ts';
import type { PlacesContext } from '../../client/sync/places.ts';

export type SyncContext = JobsContext &
  PlacesContext &
  Pick<
    Context,
    | 'requireTrusted'
    | 'emit'
    | 'hostPlatform'
    | 'machine'
    | 'note'
    | 'onSignal'
    | 'requestCount'
    | 'tempDir'
    | 'temporaries'
  >;

/** Reads the state; `undefined` if none is kept. @throws AppError USAGE for an invalid file */
export async function readState(
  { cwd, env, machine, now }: SyncContext,
  input: Input,
  { jobs, allJobs = jobs, state }: Pick<SyncRequest, 'jobs' | 'allJobs' | 'state'>,
): Promise<SyncState | undefined> {
  const clock = (): number => now().getTime();
  const file = readText(input, 'state') ?? state;
  if (file === 'none') return undefined;
  if (file !== undefined) return SyncState.read(resolve(cwd, file), clock);
  const folder = stateFolder(env, machine.home);
  if (folder === undefined) return undefined;
  return SyncState.read(join(folder, 'sync', `${stateName(allJobs)}.json`), clock);
}

export function readBudget(
  { note, now }: SyncContext,
  input: Input,
  { budget }: Pick<SyncRequest, 'budget'>,
): PullBudget {
  return new PullBudget({
    pulls: readCount(input, 'budget', '--budget') ?? budget,
    left: readCount(input, 'budgetLeft', '--budget-left'),
    onBudget: readText(input, 'onBudget') as 'stop' | 'wait' | undefined,
    now: () => now().getTime(),
    sleep,
    note,
  });
}

/** Converts images during the copy; nothing if they are copied unchanged. */
export function readConversion(
  context: SyncContext,
  input: Input,
): Pick<RunOptions, 'convert' | 'conversion'> {
  const format = readText(input, 'format') as 'oci' | 'v2s2' | undefined;
  if (format === undefined) return {};
  const preserveDigests = readFlag(input, 'preserveDigests');
  return {
    conversion: format,
    convert: (store, { source, target }, indexPlatform) =>
      openConverted(
        conversionContext(context),
        store,
        { from: source, to: target },
        {
          conversion: { format },
          platforms: [],
          indexPlatform,
          preserveDigests,
          referrers: readFlag(input, 'referrers'),
        },
      ),
  };
}

export async function readFilter(input: Input): Promise<Keeps | undefined> {
  return createTagFilter({
    glob: readList(input, 'glob'),
    include: readList(input, 'include'),
    exclude: readList(input, 'exclude'),
    semver: readText(input, 'semver'),
  });
}

/** What `--newest` goes by. @throws AppError USAGE without it */
export function readBy(input: Input, { jobs }: Pick<SyncRequest, 'jobs'>): ChooseOptions['by'] {
  const by = readText(input, 'by') as ChooseOptions['by'];
  if (by === undefined) return readText(input, 'semver') === undefined ? undefined : 'version';
  if (jobs.some(({ newest }) => newest !== undefined)) return by;
  throw new AppError('USAGE', '--by goes with --newest', {
    hint: `For example: --newest 5 --by ${by}`,
  });
}

/** The file of a subcommand, as its only argument or by `--file`. @throws AppError USAGE */
export function readFileArgument(input: Input, command: string): string {
  const [, file, ...more] = input.args;
  const given = readText(input, 'file') ?? file;
  if (given !== undefined && more.length === 0 && (file === undefined || given === file)) {
    return given;
  }
  throw new AppError('USAGE', `${command} takes one file`, {
    hint: `For example: regctl ${command} sync.yml`,
  });
}
