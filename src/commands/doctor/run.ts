import type { CallOptions } from '../../util/abort.ts';
import { labelOf, type DoctorContext } from './check.ts';
import { CHECKS } from './index.ts';
import { type CheckReport, runChecks } from './run-checks.ts';
import { doctorPage } from './page.ts';
import { parseTarget } from './target.ts';
import { readArgument } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** Checks the connection to a registry step by step; exit status 1 if a check fails. */
export async function run(
  context: DoctorContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const target = parseTarget(readArgument(input, 0, 'REGISTRY'), context);
  const title = labelOf(target);
  const found: CheckReport[] = [];
  const findings = async function* (): AsyncGenerator<CheckReport> {
    for await (const report of runChecks(CHECKS, target, context, options)) {
      found.push(report);
      yield report;
    }
  };
  const isHealthy = (): boolean => found.every(({ verdict }) => verdict !== 'failed');
  const { home } = context.machine;
  const nameWidth = Math.max(...CHECKS.map(({ name }) => name.length));
  return {
    kind: 'live',
    async json() {
      const checks = [];
      for await (const report of findings()) checks.push(jsonOf(report));
      return { Registry: title, Healthy: isHealthy(), Checks: checks };
    },
    pieces: (style) => doctorPage(findings(), { title, home, nameWidth }, style),
    exit: () => (isHealthy() ? 0 : 1),
  };
}

function jsonOf({ name, verdict, details, hint, elapsedMs }: CheckReport): Record<string, unknown> {
  return {
    Name: name,
    Verdict: verdict,
    Detail: details.join('; '),
    Hint: hint ?? null,
    ElapsedMs: elapsedMs,
  };
}
