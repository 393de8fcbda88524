import { loginAdvice } from '../../../config/registries/lookup.ts';
import type { FreshAuthorization } from '../../../http/probe/fresh-authorization.ts';
import { getAnonymously, registryErrorFor } from './api.ts';
import { tagsUrl } from './challenge.ts';
import { type CheckResult, defineCheck } from '../check.ts';

/** Whether the registry accepts the login, and lets it read the repository if one is named. */
export const accessCheck = defineCheck({
  name: 'access',
  needs: ['base', 'location', 'authorization'],
  gives: [],
  async run({ base, location, authorization }, context, options): Promise<CheckResult> {
    const { registry, repository } = location;
    const whole = repository === '';
    if (authorization === 'none' && whole) {
      return { verdict: 'skipped', detail: 'no login is asked for' };
    }
    const url = whole ? new URL('v2/', base) : tagsUrl(base, repository);
    const response =
      authorization === 'none'
        ? await getAnonymously(context, url, options)
        : await authorization.ask(url, options);
    if (response.status === 200) {
      await response.discard();
      const what = whole ? 'is let in' : `may read ${repository}`;
      return { verdict: 'ok', detail: `${whoOf(authorization)} ${what}` };
    }
    if (whole && isAnonymous(authorization) && [401, 403].includes(response.status)) {
      await response.discard();
      return {
        verdict: 'warning',
        detail: `anonymous: HTTP ${response.status} without a repository`,
        hint: `Name a repository (${registry}/NAME) to see what anyone can read. ${loginAdvice(location)}`,
      };
    }
    throw await registryErrorFor(context, location, response);
  },
});

function isAnonymous(authorization: FreshAuthorization | 'none'): boolean {
  return authorization === 'none' || authorization.origin === undefined;
}

function whoOf(authorization: FreshAuthorization | 'none'): string {
  const origin = authorization === 'none' ? undefined : authorization.origin;
  return origin === undefined ? 'anyone' : `the login from ${origin}`;
}
