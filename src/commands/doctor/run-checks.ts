import { AppError } from '../../errors/app-error.ts';
import { type CallOptions, abortable } from '../../util/abort.ts';
import type {
  Check,
  CheckFacts,
  CheckResult,
  CheckTarget,
  FactName,
  Verdict,
  DoctorContext,
} from './check.ts';

/** The result of one check. */
export interface CheckReport {
  readonly name: string;
  readonly verdict: Verdict;
  readonly details: readonly string[];
  readonly hint: string | undefined;
  readonly elapsedMs: number;
}

export interface RunChecksOptions extends CallOptions {
  /** Time limit of each check in milliseconds. Default: 10,000. */
  readonly stepMs?: number | undefined;
}

const STEP_MS = 10_000;

/**
 * Runs the checks in order and skips those that need a fact that no earlier check found. Adds the
 * warnings printed during a check to its report.
 * @throws the reason of `signal`, except for a time limit, which the report shows
 */
export async function* runChecks(
  checks: readonly Check[],
  target: CheckTarget,
  context: DoctorContext,
  options: RunChecksOptions = {},
): AsyncGenerator<CheckReport> {
  /** Why each fact is missing. */
  const missing = new Map<FactName, string>();
  const takeWarnings = context.captureWarnings();
  let facts: Partial<CheckFacts> = { target };
  for (const one of checks) {
    const started = context.now().getTime();
    const lacking = one.needs.find((need) => facts[need] === undefined);
    const result =
      lacking === undefined
        ? await runCheck(one, facts, context, options)
        : skipped(missing.get(lacking) ?? `nothing gave "${lacking}"`);
    facts = { ...facts, ...result.facts };
    const why = lacking === undefined ? undefined : missing.get(lacking);
    for (const fact of one.gives) {
      if (facts[fact] === undefined) missing.set(fact, why ?? `${one.name} ${ended(result)}`);
    }
    const elapsedMs = context.now().getTime() - started;
    yield { ...withWarnings(one.name, result, takeWarnings()), elapsedMs };
  }
}

/** Adds warnings to a result; a command that a warning says to run becomes the hint. */
function withWarnings(
  name: string,
  { verdict, detail, hint }: CheckResult,
  warnings: readonly string[],
): Omit<CheckReport, 'elapsedMs'> {
  const own = typeof detail === 'string' ? [detail] : detail;
  if (warnings.length === 0) return { name, verdict, details: own, hint };
  const parts = warnings.map(
    (text) => /^(?<what>.*?)(?:; run: (?<hint>.+))?$/su.exec(text)?.groups,
  );
  const hints = parts.flatMap((part) => part?.['hint'] ?? []);
  return {
    name,
    verdict: verdict === 'failed' ? 'failed' : 'warning',
    details: [...own, ...parts.flatMap((part) => part?.['what'] ?? [])],
    hint: hint ?? (hints.length === 0 ? undefined : hints.join(' && ')),
  };
}

const skipped = (why: string): CheckResult => ({ verdict: 'skipped', detail: `because ${why}` });

const ended = ({ verdict }: CheckResult): string =>
  verdict === 'failed' ? 'failed' : 'did not tell enough';

async function runCheck(
  one: Check,
  facts: Partial<CheckFacts>,
  context: DoctorContext,
  { signal, stepMs = STEP_MS }: RunChecksOptions,
): Promise<CheckResult> {
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
    return { verdict: 'failed', detail: [failure.message, ...failure.why], hint: failure.hint };
  } finally {
    clearTimeout(timer);
  }
}

/** Reports the end of `--command-timeout` as a failed check. @throws any other abort reason */
function outOfTime(signal: AbortSignal | undefined): CheckResult {
  const reason: unknown = signal?.reason;
  if (!(reason instanceof AppError) || reason.code !== 'TIMEOUT') throw reason;
  return { verdict: 'failed', detail: reason.message, hint: reason.hint };
}

function tooLong(ms: number): AppError {
  return new AppError('TIMEOUT', `no answer within ${ms / 1000} s`, {
    hint: 'Check firewall, VPN and proxy: packets are lost, or the server is overloaded.',
  });
}
