import type { ImageResult, SyncOutcome } from './results.ts';

const OUTCOMES: readonly SyncOutcome[] = ['copied', 'unchanged', 'deleted', 'failed', 'skipped'];

interface JobMetrics {
  runs: number;
  failedRuns: number;
  running: boolean;
  readonly images: Map<SyncOutcome, number>;
  bytes: number;
  /** Seconds since the epoch. */
  lastRun: number | undefined;
  lastSuccess: number | undefined;
}

/** Counts of a server by job, in Prometheus' text format (version 0.0.4). */
export class SyncMetrics {
  readonly #jobs = new Map<string, JobMetrics>();

  begin(job: string): void {
    this.#of(job).running = true;
  }

  /** `at`: milliseconds since the epoch. */
  end(job: string, images: readonly ImageResult[], isSuccess: boolean, at: number): void {
    const metrics = this.#of(job);
    metrics.running = false;
    metrics.runs += 1;
    if (!isSuccess) metrics.failedRuns += 1;
    for (const { outcome, bytes } of images) {
      metrics.images.set(outcome, (metrics.images.get(outcome) ?? 0) + 1);
      metrics.bytes += bytes;
    }
    metrics.lastRun = at / 1000;
    if (isSuccess) metrics.lastSuccess = at / 1000;
  }

  #of(job: string): JobMetrics {
    const known = this.#jobs.get(job) ?? {
      runs: 0,
      failedRuns: 0,
      running: false,
      images: new Map(),
      bytes: 0,
      lastRun: undefined,
      lastSuccess: undefined,
    };
    this.#jobs.set(job, known);
    return known;
  }

  format(): string {
    const each = (
      name: string,
      type: 'counter' | 'gauge',
      help: string,
      value: (metrics: JobMetrics) => number | undefined,
    ): string => this.#family(name, type, help, (metrics) => [['', value(metrics)]]);
    return [
      each('regctl_sync_runs_total', 'counter', 'Runs of a job.', (one) => one.runs),
      each(
        'regctl_sync_failed_runs_total',
        'counter',
        'Runs in which something failed.',
        (one) => one.failedRuns,
      ),
      each('regctl_sync_running', 'gauge', 'Whether a job runs now.', (one) =>
        one.running ? 1 : 0,
      ),
      this.#family('regctl_sync_images_total', 'counter', 'Images by outcome.', ({ images }) =>
        OUTCOMES.map((outcome) => [`,outcome="${outcome}"`, images.get(outcome) ?? 0]),
      ),
      each('regctl_sync_bytes_total', 'counter', 'Bytes sent.', (one) => one.bytes),
      each(
        'regctl_sync_last_run_timestamp_seconds',
        'gauge',
        'End of the last run.',
        (one) => one.lastRun,
      ),
      each(
        'regctl_sync_last_success_timestamp_seconds',
        'gauge',
        'End of the last run in which nothing failed.',
        (one) => one.lastSuccess,
      ),
    ].join('');
  }

  #family(
    name: string,
    type: string,
    help: string,
    samples: (metrics: JobMetrics) => readonly (readonly [string, number | undefined])[],
  ): string {
    const lines = [...this.#jobs].flatMap(([job, metrics]) =>
      samples(metrics).flatMap(([labels, value]) =>
        value === undefined ? [] : [`${name}{job="${escapeLabel(job)}"${labels}} ${value}\n`],
      ),
    );
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
  }
}

function escapeLabel(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', '\\n');
}
