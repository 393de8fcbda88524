import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { PlannedDelete } from '../../sync/deletion/planned.ts';
import {
  nameOf,
  type PlannedRoute,
  type SyncPlan,
  type WantedImage,
} from '../../sync/plan/types.ts';
import { resultKey, type ImageResult } from '../../sync/results.ts';
import type { SyncFile, SyncJob } from '../../sync/types.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { isRecord } from '../../util/json.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readFileText } from './jobs.ts';

/** A plan as it was written: what to copy, by digest, and what to delete. */
export interface PlanFile extends Pick<SyncFile, 'jobs' | 'state'> {
  readonly plan: SyncPlan;
  readonly deletes: readonly PlannedDelete[];
}

interface Written extends Pick<SyncFile, 'jobs' | 'state'> {
  readonly version: 1;
  readonly routes: readonly {
    /** Index in `jobs`. */
    readonly job: number;
    readonly source: string;
    readonly target: string;
    readonly images: readonly {
      readonly ref: string | undefined;
      readonly tag: string | undefined;
      /** null: the target has no such tag. */
      readonly expected: Digest | null | undefined;
      readonly because: string;
      readonly bytes: number;
    }[];
  }[];
  readonly deletes: readonly {
    readonly job: number;
    readonly target: string;
    readonly tags: Readonly<Record<string, string>>;
  }[];
}

/** The jobs of a dry run and what it found. */
export interface Planned {
  readonly request: Pick<SyncFile, 'jobs' | 'state'>;
  readonly plan: SyncPlan;
  readonly images: readonly ImageResult[];
}

/** Writes what a dry run found. Logins are not part of it. @throws AppError IO */
export async function writePlan(
  { cwd }: Pick<Context, 'cwd'>,
  file: string,
  { request, plan, images: results }: Planned,
): Promise<void> {
  const { jobs, state } = request;
  const found = new Map(results.map((one) => [resultKey(one), one]));
  const written: Written = {
    version: 1,
    jobs,
    state,
    routes: plan.routes.flatMap(({ job, source, target, images }) => {
      const changed = images.flatMap(({ ref, tag }) => {
        const names = { source: nameOf(source, ref), destination: nameOf(target, tag) };
        const result = found.get(resultKey(names));
        if (result?.outcome !== 'copied') return [];
        const { from, existing, because, bytes } = result;
        return [{ ref: from ?? ref, tag, expected: existing, because, bytes }];
      });
      if (changed.length === 0) return [];
      return [
        { job: jobs.indexOf(job), source: source.text, target: target.text, images: changed },
      ];
    }),
    deletes: deletesOf(plan.routes, jobs, results),
  };
  const path = resolve(cwd, file);
  try {
    await writeFileAtomic(path, `${JSON.stringify(written, undefined, 2)}\n`);
  } catch (error) {
    throw new AppError('IO', `cannot write ${sanitize(path)}: the plan`, { cause: error });
  }
}

function deletesOf(
  routes: readonly PlannedRoute[],
  jobs: readonly SyncJob[],
  results: readonly ImageResult[],
): Written['deletes'] {
  const gone = results.filter(({ outcome }) => outcome === 'deleted');
  const targets = new Map(routes.map(({ target, job }) => [target.name, { target, job }]));
  return [...targets.values()].flatMap(({ target, job }) => {
    const prefix = `${target.name}:`;
    const tags = gone.flatMap(({ destination, digest }) =>
      destination.startsWith(prefix) && digest !== undefined
        ? [[destination.slice(prefix.length), digest] as const]
        : [],
    );
    if (tags.length === 0) return [];
    return [{ job: jobs.indexOf(job), target: target.text, tags: Object.fromEntries(tags) }];
  });
}

/** @throws AppError USAGE for a file that is no plan */
export async function readPlan(
  context: Pick<Context, 'cwd' | 'locate' | 'terminal'>,
  file: string,
  options: CallOptions,
): Promise<PlanFile> {
  const { locate } = context;
  const text = await readFileText(context, file, options);
  const refuse = (cause?: unknown): AppError =>
    new AppError('USAGE', `cannot use ${sanitize(file)}: it is no plan of a sync`, {
      hint: 'Write one with: regctl sync FROM TO --plan FILE',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(error);
  }
  if (!isWritten(value)) throw refuse();
  const jobOf = (index: number): SyncJob => {
    const job = value.jobs[index];
    if (job === undefined) throw refuse();
    return job;
  };
  return {
    jobs: value.jobs,
    state: value.state,
    plan: {
      failures: [],
      routes: value.routes.map(({ job, source, target, images }) => ({
        job: jobOf(job),
        source: locate(source),
        target: locate(target),
        images: images.map(({ ref, tag, expected }): WantedImage => ({ ref, tag, expected })),
        sourceTags: undefined,
        keptTags: undefined,
      })),
    },
    deletes: value.deletes.map(({ job, target, tags }) => ({
      job: jobOf(job),
      target: locate(target),
      tags: new Map(
        Object.entries(tags).map(([tag, digest]) => {
          if (!isDigest(digest)) throw refuse();
          return [tag, digest] as const;
        }),
      ),
    })),
  };
}

const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';

const isJob = (one: unknown): boolean => isRecord(one) && isRecord(one['naming']);

const isPlace = (one: unknown): one is Record<string, unknown> =>
  isRecord(one) && typeof one['job'] === 'number' && typeof one['target'] === 'string';

const isImage = (one: unknown): boolean =>
  isRecord(one) &&
  isText(one['ref']) &&
  isText(one['tag']) &&
  (one['expected'] === null || isText(one['expected']));

const isRoute = (one: unknown): boolean =>
  isPlace(one) &&
  typeof one['source'] === 'string' &&
  Array.isArray(one['images']) &&
  one['images'].every(isImage);

/** Checks what decides where is written and deleted. */
function isWritten(value: unknown): value is Written {
  if (!isRecord(value) || value['version'] !== 1 || !isText(value['state'])) return false;
  const { jobs, routes, deletes } = value;
  return (
    Array.isArray(jobs) &&
    jobs.every(isJob) &&
    Array.isArray(routes) &&
    routes.every(isRoute) &&
    Array.isArray(deletes) &&
    deletes.every((one) => isPlace(one) && isRecord(one['tags']))
  );
}
