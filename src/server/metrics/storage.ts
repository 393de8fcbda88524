import type { GarbageReport } from '../gc/collect.ts';
import type { Metrics } from './prometheus.ts';

export interface ProcessFacts {
  readonly startedAt: Date;
  readonly usage?: (() => { readonly memory: number; readonly cpuSeconds: number }) | undefined;
}

export interface StorageMetrics {
  readonly onCollected: (report: GarbageReport) => void;
}

/** What this process costs, and what gc did, under names of regctl. */
export function storageMetrics(
  metrics: Metrics,
  { startedAt, usage }: ProcessFacts,
): StorageMetrics {
  const runs = metrics.counter('regctl_gc_runs_total', 'Garbage collections that ended.');
  const blobs = metrics.counter('regctl_gc_blobs_removed_total', 'Blobs that gc removed.');
  const bytes = metrics.counter('regctl_gc_bytes_removed_total', 'Bytes that gc removed.');
  const start = startedAt.getTime() / 1000;
  metrics.reading('process_start_time_seconds', 'Start of the server, since the epoch.', () => [
    [{}, start],
  ]);
  if (usage !== undefined) {
    metrics.reading('process_resident_memory_bytes', 'Resident memory in bytes.', () => [
      [{}, usage().memory],
    ]);
    const help = 'User and system CPU time in seconds.';
    const read = () => [[{}, usage().cpuSeconds]] as const;
    metrics.reading('process_cpu_seconds_total', help, read, 'counter');
  }
  return {
    onCollected(report) {
      runs.add();
      blobs.add({}, report.blobs.removed);
      bytes.add({}, report.blobs.bytes);
    },
  };
}
