import type { Credential, LookupStep } from '../../../credentials/types.ts';
import { loginAdvice } from '../../../config/registries/lookup.ts';
import { isBasicOnly } from './challenge.ts';
import { type CheckResult, defineCheck } from '../check.ts';

/** Which credential source answers for the registry, and which were asked before it. */
export const credentialsCheck = defineCheck({
  name: 'credentials',
  needs: ['location'],
  uses: ['challenge'],
  gives: ['login'],
  async run({ location, challenge }, context, options): Promise<CheckResult> {
    const { registry, repository } = location;
    const path = repository === '' ? undefined : repository;
    const chain = await context.credentials('single');
    const steps = await chain.explain(registry, path, options);
    // A failing source throws here, with a hint.
    const login = await chain.lookup(registry, path, options);
    if (login !== undefined) {
      const who = challenge === 'none' ? ', although none is asked for' : '';
      return {
        verdict: 'ok',
        detail: [`${describe(login)}${who}`, ...lines(steps)],
        facts: { login },
      };
    }
    const detail = ['none in any source: anonymous', ...lines(steps)];
    return challenge !== undefined && isBasicOnly(challenge)
      ? { verdict: 'failed', detail, hint: loginAdvice(location) }
      : { verdict: 'ok', detail, facts: { login: 'none' } };
  },
});

function describe(login: Credential): string {
  switch (login.kind) {
    case 'basic':
      return `user ${login.username} and a password`;
    case 'identity':
      return 'an identity token';
    case 'registry-token':
      return 'a token that is sent unchanged';
  }
}

/** The source that answered, then the others grouped by the reason why they did not. */
function lines(steps: readonly LookupStep[]): readonly string[] {
  const found = steps.filter(({ answered }) => answered);
  const others = steps.filter(({ answered }) => !answered);
  const reasons = new Set(others.map(reasonOf));
  return [
    ...found.map(({ source, detail }) => `from ${source}${detail === '' ? '' : `, ${detail}`}`),
    ...[...reasons].map((reason) => {
      const same = others.filter((step) => reasonOf(step) === reason);
      return `${reason}: ${same.map(({ source }) => source).join(', ')}`;
    }),
  ];
}

function reasonOf({ asked, detail }: LookupStep): string {
  return asked ? detail : 'not asked';
}
