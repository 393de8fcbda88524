import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { jobNameOf } from '../../sync/job-runs.ts';
import { scheduleOf } from '../../sync/timetable.ts';
import type { CallOptions } from '../../util/abort.ts';
import { formatAge } from '../../util/text/units.ts';
import { readFlag } from '../input/read.ts';
import { renderTable } from '../output/table.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { readRequest } from './jobs.ts';
import { totalsLine } from './page.ts';
import { readFileArgument, readState, type SyncContext } from './settings.ts';

/**
 * `sync status FILE`: how the last run of each job ended, by the state; no registry is asked.
 * @throws AppError USAGE
 */
export async function printStatus(
  context: SyncContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const file = readFileArgument(input, 'sync status');
  const fromFile = { ...input, args: [], options: { ...input.options, file } };
  const request = await readRequest(context, fromFile, options);
  const state = await readState(context, input, request);
  if (state === undefined)
    throw new AppError('USAGE', 'sync status reads the state, and none is kept');
  const now = context.now();
  const jobs = await Promise.all(
    request.jobs.map(async (job) => ({
      name: jobNameOf(job),
      run: state.lastRun(jobNameOf(job)),
      next: (await scheduleOf(job))?.next(now),
    })),
  );
  const isFine = jobs.every(({ run }) => run?.totals.failed === 0);
  const age = (time: string | null | undefined): string =>
    typeof time === 'string' ? formatAge(Date.parse(time), now) : 'never';
  return {
    kind: 'value',
    json: {
      Jobs: jobs.map(({ name, run, next }) => ({
        Name: name,
        LastRun: run?.at ?? null,
        LastSuccess: run?.lastSuccess ?? null,
        NextRun: next?.toISOString() ?? null,
        Copied: run?.totals.copied ?? null,
        Unchanged: run?.totals.unchanged ?? null,
        Deleted: run?.totals.deleted ?? null,
        Failed: run?.totals.failed ?? null,
        Skipped: run?.totals.skipped ?? null,
      })),
    },
    text: (style) =>
      renderTable(
        [
          { title: 'JOB' },
          { title: 'LAST RUN' },
          { title: 'LAST SUCCESS' },
          { title: 'RESULT', shrink: true },
        ],
        jobs.map(({ name, run }) => [
          sanitize(name),
          age(run?.at),
          age(run?.lastSuccess),
          run === undefined ? '' : totalsLine(run.totals),
        ]),
        style,
      ),
    exit: readFlag(input, 'check') && !isFine ? 3 : 0,
  };
}
