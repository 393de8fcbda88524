import type { Credential, SourceStep } from '../../../credentials/types.ts';
import { loginAdvice } from '../../../config/registries/lookup.ts';
import { isBasicOnly } from './challenge.ts';
import { check, type Outcome } from '../check.ts';

/** Which source of credentials answers for the registry, and which were asked before it. */
export const credentialsCheck = check({
  name: 'credentials',
  needs: ['place'],
  uses: ['demand'],
  gives: ['login'],
  async run({ place, demand }, context, options): Promise<Outcome> {
    const { registry, repository } = place;
    const path = repository === '' ? undefined : repository;
    const chain = await context.credentials('only');
    const steps = await chain.explain(registry, path, options);
    // A source that fails throws here, with the cure.
    const login = await chain.lookup(registry, path, options);
    if (login !== undefined) {
      const who = demand === 'none' ? ', although none is asked for' : '';
      return {
        verdict: 'ok',
        detail: [`${describe(login)}${who}`, ...lines(steps)],
        facts: { login },
      };
    }
    const detail = ['none in any source: anonymous', ...lines(steps)];
    return demand !== undefined && isBasicOnly(demand)
      ? { verdict: 'failed', detail, hint: `Sign in: ${loginAdvice(place)}` }
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
      return 'a token that is sent as it is';
  }
}

/** Who answered, and the others by why they did not. */
function lines(steps: readonly SourceStep[]): readonly string[] {
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

function reasonOf({ asked, detail }: SourceStep): string {
  return asked ? detail : 'not asked';
}
