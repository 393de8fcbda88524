import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import type { SyncJob } from './types.ts';

export interface TimetableOptions {
  readonly now: () => Date;
  /** @throws the signal's reason */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** How many milliseconds later than its time a run starts. Default: none. */
  readonly jitter?: (() => number) | undefined;
  /** Ends the waits; what runs is not ended. */
  readonly signal: AbortSignal;
  /** One run of a job. It must not throw. */
  run(job: SyncJob): Promise<void>;
  /** Called with the time of each next run. */
  onNext?: ((job: SyncJob, at: Date) => void) | undefined;
}

/** The schedule of a job; `undefined` if it has none. @throws AppError USAGE */
export async function scheduleOf({
  schedule = '',
  intervalMs,
  where,
}: SyncJob): Promise<Schedule | undefined> {
  if (schedule === '' && intervalMs === undefined) return undefined;
  try {
    return await parseSchedule(schedule === '' ? `@every ${intervalMs}ms` : schedule);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw new AppError('USAGE', `cannot use ${sanitize(where)}: schedule: ${sanitize(why)}`, {
      cause: error,
    });
  }
}

/**
 * Runs jobs by their schedules until the signal aborts. A job that still runs at its time is not
 * started twice: that time is left out.
 */
export async function keepTimetable(
  jobs: ReadonlyMap<SyncJob, Schedule>,
  options: TimetableOptions,
): Promise<void> {
  await Promise.all([...jobs].map(([job, schedule]) => keepOne(job, schedule, options)));
}

async function keepOne(job: SyncJob, schedule: Schedule, options: TimetableOptions): Promise<void> {
  const { now, sleep, signal, jitter = () => 0 } = options;
  for (;;) {
    const next = schedule.next(now());
    if (next === undefined) return;
    const at = new Date(next.getTime() + jitter());
    options.onNext?.(job, at);
    try {
      // A timer may end early, and does not wait longer than 24 days.
      while (now() < at) await sleep(at.getTime() - now().getTime(), signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    if (signal.aborted) return;
    await options.run(job);
  }
}
