import type { Credential, SourceStep } from '../../../auth/types.ts';
import { loginAdvice } from '../../../config/registry-advice.ts';
import { isBasicOnly } from './challenge.ts';
import { check, type Outcome } from './check.ts';

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
        detail: [`${describe(login)}${who}`, ...steps.map(line)],
        facts: { login },
      };
    }
    const detail = ['none in any source: anonymous', ...steps.map(line)];
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

function line({ source, asked, answered, detail }: SourceStep): string {
  if (answered) return `from ${source}${detail === '' ? '' : `, ${detail}`}`;
  return asked ? `not in ${source}: ${detail}` : `not asked: ${source}`;
}
