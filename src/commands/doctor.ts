import type { CallOptions } from '../store/types.ts';
import { labelOf } from './shared/doctor/check.ts';
import { CHECKS } from './shared/doctor/checks.ts';
import { examine } from './shared/doctor/examine.ts';
import { doctorPage } from './shared/doctor/page.ts';
import { parseTarget } from './shared/doctor/target.ts';
import { argumentOf } from './shared/options.ts';
import type { Context, Input, Result } from './types.ts';

/** Looks at the way to a registry step by step; fails when a step does. */
export async function run(context: Context, input: Input, options: CallOptions): Promise<Result> {
  const target = parseTarget(argumentOf(input, 0, 'REGISTRY'), context);
  const findings = await examine(CHECKS, target, context, options);
  const healthy = findings.every(({ verdict }) => verdict !== 'failed');
  return {
    json: {
      Registry: labelOf(target),
      Healthy: healthy,
      Checks: findings.map(({ name, verdict, details, hint, elapsedMs }) => ({
        Name: name,
        Verdict: verdict,
        Detail: details.join('; '),
        Hint: hint ?? null,
        ElapsedMs: elapsedMs,
      })),
    },
    text: (style) => doctorPage(labelOf(target), findings, style),
    ...(healthy ? {} : { exit: 1 }),
  };
}
