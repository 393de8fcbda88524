import { nameOf, type SyncPlan } from './plan/types.ts';
import { resultKey, totalsOf, type ImageResult } from './results.ts';
import type { SyncState } from './state.ts';
import type { SyncJob } from './types.ts';

/** The name of a job; without one, its source and target. */
export function jobNameOf({ name, source, target }: SyncJob): string {
  return name ?? `${source} -> ${target}`;
}

/** Notes in the state how the run of each job of a plan ended. */
export function noteRuns(state: SyncState, plan: SyncPlan, images: readonly ImageResult[]): void {
  const jobsOf = new Map<string, Set<string>>();
  const add = (key: string, job: SyncJob): void => {
    jobsOf.set(key, (jobsOf.get(key) ?? new Set()).add(jobNameOf(job)));
  };
  const byJob = new Map<string, ImageResult[]>();
  for (const { job, source, target, images: wanted } of plan.routes) {
    byJob.set(jobNameOf(job), []);
    // What is deleted, or fails as a whole, is named by the target.
    add(target.name, job);
    for (const { ref, tag } of wanted)
      add(resultKey({ source: nameOf(source, ref), destination: nameOf(target, tag) }), job);
  }
  for (const { job, source, target } of plan.failures) {
    byJob.set(jobNameOf(job), []);
    add(resultKey({ source, destination: target }), job);
  }
  for (const image of images) {
    const repository = image.destination.replace(/@.*$|:[^:/]*$/u, '');
    const jobs = jobsOf.get(resultKey(image)) ?? jobsOf.get(repository) ?? [];
    for (const job of jobs) byJob.get(job)?.push(image);
  }
  for (const [job, all] of byJob) state.noteRun(job, totalsOf(all));
}
