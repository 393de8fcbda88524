import { writeFileAtomic } from '../../util/atomic-file.ts';
import { join, resolve } from 'node:path';
import { stateFolder } from '../../config/files/user-folders.ts';
import { deleteLeft } from '../../sync/deletion.ts';
import { stateName, SyncState } from '../../sync/state.ts';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { createNameFilter } from '../../tags/filter.ts';
import { planSync } from '../../sync/plan/planner.ts';
import type { SyncPlan } from '../../sync/plan/types.ts';
import { exitOf, totalsOf, type ImageResult } from '../../sync/results.ts';
import { runSync } from '../../sync/transfer/run.ts';
import type { RunOptions, SyncMode } from '../../sync/transfer/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { readCount, readFlag, readList, readText, rejectTogether } from '../input/read.ts';
import type { Result, Style } from '../result.ts';
import { openConverted } from '../../client/converted.ts';
import { conversionContext } from '../transfer/flags.ts';
import type { Input } from '../types.ts';
import type { Context } from '../context.ts';
import { printConfig } from './config.ts';
import { expandOf, readRequest, type JobsContext, type SyncRequest } from './jobs.ts';
import { imageJson, imageLine, syncJson, totalsLine } from './page.ts';
import { createPlaces, type PlacesContext } from './places.ts';
import { createStream } from './stream.ts';

export type SyncContext = JobsContext &
  PlacesContext &
  Pick<
    Context,
    | 'requireTrusted'
    | 'emit'
    | 'hostPlatform'
    | 'machine'
    | 'note'
    | 'requestCount'
    | 'tempDir'
    | 'temporaries'
  >;

const JOBS = 8;

/**
 * Copies repositories and keeps them up to date. By default, continues after a failed image.
 * @throws AppError USAGE before anything is copied
 */
export async function run(
  context: SyncContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  if (input.args[0] === 'config') return printConfig(context, input, options);
  const [word = ''] = input.args;
  // As locations, these words would start an unintended upload.
  if (word === 'server' || word === 'apply') {
    throw new AppError('USAGE', `cannot sync from "${word}": the word is reserved`, {
      hint: `Write an image of that name as docker://${word}.`,
    });
  }
  rejectTogether({ '--dry-run': readFlag(input, 'dryRun'), '--check': readFlag(input, 'check') });
  rejectTogether({
    '--abort-on-error': readFlag(input, 'abortOnError'),
    '--keep-going': readFlag(input, 'keepGoing'),
  });
  const request = await readRequest(context, input, options);
  const mode: SyncMode = readFlag(input, 'dryRun')
    ? 'dry-run'
    : readFlag(input, 'check')
      ? 'check'
      : 'run';
  const places = createPlaces(context, request.hosts);
  const stopAtFirst =
    readFlag(input, 'abortOnError') || (request.isSkopeo && !readFlag(input, 'keepGoing'));
  const plan = await planSync(request.jobs, {
    places,
    concurrency: context.flags.concurrency,
    filter: await filterOf(input),
    shard: shardOf(input),
    host: context.hostPlatform,
    stopAtFirst,
    warn: (text) => context.warn(text),
    signal: options.signal,
  });
  for (const { source, images } of plan.routes) {
    for (const { ref, tag } of images) {
      await context.requireTrusted({ ...source, ref, tag }, options);
    }
  }
  return start(context, input, { request, plan, mode, stopAtFirst, places }, options);
}

interface Start {
  readonly request: SyncRequest;
  readonly plan: SyncPlan;
  readonly mode: SyncMode;
  readonly stopAtFirst: boolean;
  readonly places: RunOptions['places'];
}

function start(
  context: SyncContext,
  input: Input,
  { request, plan, mode, stopAtFirst, places }: Start,
  options: CallOptions,
): Result {
  let done: readonly ImageResult[] = [];
  const all = async (onImage: (image: ImageResult) => void): Promise<readonly ImageResult[]> => {
    const state = await stateOf(context, input, request);
    const copied = await runSync(plan, {
      places,
      mode,
      concurrency: context.flags.concurrency,
      jobs: readCount(input, 'jobs', '--jobs') ?? request.parallel ?? JOBS,
      hostPlatform: context.flags.override ?? context.hostPlatform,
      preserveDigests: readFlag(input, 'preserveDigests'),
      stopAtFirst,
      expand: expandOf(context),
      convert: converterOf(context, input),
      onImage,
      emit: (event) => {
        if (event.type === 'note') context.note(event.text);
        else if (event.type === 'warning') context.warn(event.text);
        else context.emit(event);
      },
      signal: options.signal,
    });
    const gone =
      mode === 'check' || !plan.routes.some(({ job }) => job.delete !== undefined)
        ? []
        : await deleteLeft(plan, copied, {
            places,
            state,
            expand: expandOf(context),
            concurrency: context.flags.concurrency,
            dryRun: mode === 'dry-run',
            onImage,
            signal: options.signal,
          });
    done = [...copied, ...gone];
    if (mode === 'run' && state !== undefined) {
      for (const { outcome, destination, digest } of copied) {
        if (outcome === 'copied' && digest !== undefined) state.note(destination, digest);
      }
      await state.save();
    }
    const digestFile = readText(input, 'digestfile');
    if (digestFile !== undefined) await writeDigests(resolve(context.cwd, digestFile), done);
    const prefix = {
      run: '',
      'dry-run': 'nothing was written; it would be ',
      check: 'nothing was written; out of date: ',
    }[mode];
    context.note(`${prefix}${totalsLine(totalsOf(done))}`);
    return done;
  };
  return {
    kind: 'live',
    json: async () => syncJson(await all(() => undefined)),
    pieces: (style: Style) => createStream(all, (image) => imageLine(image, style)),
    values: () => createStream(all, imageJson),
    exit: () => {
      const exit = exitOf(done);
      const stale = mode === 'check' && done.some(({ outcome }) => outcome === 'copied');
      return exit === 0 && stale ? 3 : exit;
    },
  };
}

/** Reads the state; `undefined` if none is kept. @throws AppError USAGE for an invalid file */
async function stateOf(
  { cwd, env, machine }: SyncContext,
  input: Input,
  { jobs }: SyncRequest,
): Promise<SyncState | undefined> {
  const file = readText(input, 'state');
  if (file === 'none') return undefined;
  if (file !== undefined) return SyncState.read(resolve(cwd, file));
  const folder = stateFolder(env, machine.home);
  if (folder === undefined) return undefined;
  return SyncState.read(join(folder, 'sync', `${stateName(jobs)}.json`));
}

/** Converts images during the copy; `undefined` if they are copied unchanged. */
function converterOf(context: SyncContext, input: Input): RunOptions['convert'] {
  const format = readText(input, 'format') as 'oci' | 'v2s2' | undefined;
  if (format === undefined) return undefined;
  const preserveDigests = readFlag(input, 'preserveDigests');
  return (store, { source, target }, indexPlatform) =>
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
    );
}

async function filterOf(input: Input) {
  const [include, exclude] = [readList(input, 'include'), readList(input, 'exclude')];
  const semver = readText(input, 'semver');
  if (include.length + exclude.length === 0 && semver === undefined) return undefined;
  return createNameFilter({ include, exclude, semver });
}

/** @throws AppError USAGE */
function shardOf(input: Input): { readonly index: number; readonly count: number } | undefined {
  const text = readText(input, 'shard');
  if (text === undefined) return undefined;
  const [, i, n] = /^(\d{1,5})\/(\d{1,5})$/u.exec(text) ?? [];
  const [index, count] = [Number(i), Number(n)];
  if (index >= 1 && index <= count) return { index, count };
  throw new AppError('USAGE', `--shard takes I/N with I from 1 to N, not "${sanitize(text)}"`, {
    hint: 'For example --shard 2/5.',
  });
}

/** Writes lines of "DIGEST docker://NAME", as skopeo does. @throws AppError IO */
async function writeDigests(path: string, images: readonly ImageResult[]): Promise<void> {
  const lines = images.flatMap(({ digest, destination, outcome }) =>
    digest === undefined || outcome === 'failed' || outcome === 'skipped'
      ? []
      : [`${digest} docker://${destination}\n`],
  );
  try {
    await writeFileAtomic(path, lines.join(''));
  } catch (error) {
    throw new AppError('IO', `the images were copied, but "${sanitize(path)}" cannot be written`, {
      cause: error,
    });
  }
}
