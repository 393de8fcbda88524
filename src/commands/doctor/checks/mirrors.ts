import type { Mirror } from '../../../config/containers/types.ts';
import { AppError } from '../../../errors/app-error.ts';
import { authChallengeOf } from '../../../http/auth/challenge.ts';
import type { Probe } from '../../../http/probe/probe.ts';
import type { CallOptions } from '../../../util/abort.ts';
import { getAnonymously } from './api.ts';
import { type CheckResult, defineCheck, type DoctorContext } from '../check.ts';

/** Whether each mirror answers; a failure is a warning, as the registry itself is the fallback. */
export const mirrorsCheck = defineCheck({
  name: 'mirrors',
  needs: ['mirrors', 'probe'],
  gives: [],
  async run({ mirrors, probe }, context, options): Promise<CheckResult> {
    if (mirrors.length === 0) return { verdict: 'skipped', detail: 'no file names any' };
    const seen = await Promise.all(
      mirrors.map((mirror) => reach(mirror, { probe, context, options })),
    );
    const bad = seen.find(({ fault }) => fault !== undefined);
    return {
      verdict: bad === undefined ? 'ok' : 'warning',
      detail: seen.map(({ line }) => line),
      hint: bad?.fault?.hint,
    };
  },
});

interface MirrorReach {
  readonly line: string;
  readonly fault?: { readonly hint: string | undefined };
}

interface ProbeContext {
  readonly probe: Probe;
  readonly context: DoctorContext;
  readonly options: CallOptions;
}

async function reach(
  { registry }: Mirror,
  { probe, context, options }: ProbeContext,
): Promise<MirrorReach> {
  const started = context.now().getTime();
  try {
    const base = await probe.endpoint(registry, options);
    const response = await getAnonymously(context, new URL('v2/', base), options);
    await response.discard();
    const usable = response.status === 200 || authChallengeOf(response) !== undefined;
    if (!usable) return broken(`${registry} answers HTTP ${response.status}`);
    const took = context.now().getTime() - started;
    return { line: `${registry} answers (HTTP ${response.status}, ${took} ms)` };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    return broken(error.message, error.hint);
  }
}

function broken(line: string, hint?: string): MirrorReach {
  const check = 'Check the mirror, or take it out of the file that names it.';
  return { line, fault: { hint: hint ?? check } };
}
