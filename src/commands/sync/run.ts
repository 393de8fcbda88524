import type { SyncMode } from '../../sync/transfer/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { readFlag, readText, rejectTogether } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { applyPlan } from './apply.ts';
import { printConfig } from './config.ts';
import { execute, planWork, type SyncDone } from './execute.ts';
import { readRequest } from './jobs.ts';
import { liveResult } from './live.ts';
import { createPlaces } from '../../client/sync/places.ts';
import { writePlan } from './plan-file.ts';
import { serve } from './server.ts';
import { printStatus } from './status.ts';
import type { SyncContext } from './settings.ts';

type Action = (context: SyncContext, input: Input, options: CallOptions) => Promise<Result>;

/** First words that are no images; an image of that name is written docker://config. */
const ACTIONS: Readonly<Record<string, Action>> = {
  config: printConfig,
  apply: applyPlan,
  server: serve,
  status: printStatus,
};

/**
 * Copies repositories and keeps them up to date. By default, continues after a failed image.
 * @throws AppError USAGE before anything is copied
 */
export async function run(
  context: SyncContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const [word = ''] = input.args;
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  return (action ?? sync)(context, input, options);
}

async function sync(context: SyncContext, input: Input, options: CallOptions): Promise<Result> {
  const planFile = readText(input, 'plan');
  rejectTogether({
    '--dry-run': readFlag(input, 'dryRun'),
    '--check': readFlag(input, 'check'),
  });
  // The digest of a converted image is not known at the source.
  for (const name of ['check', 'format']) {
    const given = input.options[name];
    rejectTogether({
      '--plan': planFile !== undefined,
      [`--${name}`]: given !== undefined && given !== false,
    });
  }
  rejectTogether({
    '--abort-on-error': readFlag(input, 'abortOnError'),
    '--keep-going': readFlag(input, 'keepGoing'),
  });
  const request = await readRequest(context, input, options);
  const mode = modeOf(input);
  const places = createPlaces(context, request.hosts);
  const stopAtFirst =
    readFlag(input, 'abortOnError') || (request.isSkopeo && !readFlag(input, 'keepGoing'));
  const base = { request, places, stopAtFirst };
  const plan = await planWork(context, input, base, options);
  return liveResult(context, mode, async (onImage): Promise<SyncDone> => {
    const done = await execute(context, input, { ...base, plan, mode }, onImage, options);
    if (planFile !== undefined)
      await writePlan(context, planFile, { request, plan, images: done.images });
    return done;
  });
}

/** A plan is the result of a dry run. */
function modeOf(input: Input): SyncMode {
  if (readFlag(input, 'check')) return 'check';
  return readFlag(input, 'dryRun') || readText(input, 'plan') !== undefined ? 'dry-run' : 'run';
}
