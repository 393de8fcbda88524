import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../store/types.ts';
import { abortable } from '../../util/abort.ts';
import type { Context } from '../types.ts';
import type { Check, FactName, Facts, Outcome, Target, Verdict } from './check.ts';

/** One line of the report. */
export interface Finding {
  readonly name: string;
  readonly verdict: Verdict;
  readonly details: readonly string[];
  readonly hint: string | undefined;
  readonly elapsedMs: number;
}

export interface ExamineOptions extends CallOptions {
  /** Most time that one check takes. */
  readonly stepMs?: number | undefined;
}

const STEP_MS = 10_000;

/**
 * Runs the checks in order; one that needs what an earlier one did not find out is skipped. What
 * the program warned of meanwhile is part of the finding.
 * @throws the reason of `signal`, unless it is a time limit: that ends up in the report
 */
export async function* examine(
  checks: readonly Check[],
  target: Target,
  context: Context,
  options: ExamineOptions = {},
): AsyncGenerator<Finding> {
  /** Why there is no such fact. */
  const missing = new Map<FactName, string>();
  const takeWarnings = context.holdWarnings();
  let facts: Partial<Facts> = { target };
  for (const one of checks) {
    const started = context.now().getTime();
    const lacking = one.needs.find((need) => facts[need] === undefined);
    const outcome =
      lacking === undefined
        ? await attempt(one, facts, context, options)
        : skipped(missing.get(lacking) ?? `nothing gave "${lacking}"`);
    facts = { ...facts, ...outcome.facts };
    const why = lacking === undefined ? undefined : missing.get(lacking);
    for (const fact of one.gives) {
      if (facts[fact] === undefined) missing.set(fact, why ?? `${one.name} ${ended(outcome)}`);
    }
    const elapsedMs = context.now().getTime() - started;
    yield { ...withWarnings(one.name, outcome, takeWarnings()), elapsedMs };
  }
}

/** A warning that names a command to run has its own cure. */
function withWarnings(
  name: string,
  { verdict, detail, hint }: Outcome,
  warnings: readonly string[],
): Omit<Finding, 'elapsedMs'> {
  const own = typeof detail === 'string' ? [detail] : detail;
  if (warnings.length === 0) return { name, verdict, details: own, hint };
  const parts = warnings.map(
    (text) => /^(?<what>.*?)(?:; run: (?<cure>.+))?$/su.exec(text)?.groups,
  );
  const cures = parts.flatMap((part) => part?.['cure'] ?? []);
  return {
    name,
    verdict: verdict === 'failed' ? 'failed' : 'warning',
    details: [...own, ...parts.flatMap((part) => part?.['what'] ?? [])],
    hint: hint ?? (cures.length === 0 ? undefined : cures.join(' && ')),
  };
}

const skipped = (why: string): Outcome => ({ verdict: 'skipped', detail: `because ${why}` });

const ended = ({ verdict }: Outcome): string =>
  verdict === 'failed' ? 'failed' : 'did not tell enough';

async function attempt(
  one: Check,
  facts: Partial<Facts>,
  context: Context,
  { signal, stepMs = STEP_MS }: ExamineOptions,
): Promise<Outcome> {
  const isOver = (): boolean => signal?.aborted === true;
  if (isOver()) return outOfTime(signal);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooLong(stepMs)), stepMs);
  const step = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  try {
    return await abortable(one.run(facts, context, { signal: step }), step);
  } catch (error) {
    if (isOver()) return outOfTime(signal);
    const failure = late.signal.aborted ? (late.signal.reason as unknown) : error;
    if (!(failure instanceof AppError)) throw failure;
    return { verdict: 'failed', detail: failure.message.split('\n'), hint: failure.hint };
  } finally {
    clearTimeout(timer);
  }
}

/** What is known when `--command-timeout` ends the command is told; an interrupt ends it. */
function outOfTime(signal: AbortSignal | undefined): Outcome {
  const reason: unknown = signal?.reason;
  if (!(reason instanceof AppError) || reason.code !== 'TIMEOUT') throw reason;
  return { verdict: 'failed', detail: reason.message, hint: reason.hint };
}

function tooLong(ms: number): AppError {
  return new AppError('TIMEOUT', `no answer within ${ms / 1000} s`, {
    hint: 'Something on the way swallows packets, or the other end is overloaded: look at firewall, VPN and proxy.',
  });
}
