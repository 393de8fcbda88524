import { loginAdvice } from '../../../config/registries/lookup.ts';
import type { Authorization } from '../../../http/probe/fresh-authorization.ts';
import { askBare, refused } from './api.ts';
import { tagsUrl } from './challenge.ts';
import { check, type Outcome } from '../check.ts';

/** Whether the registry accepts what it asked for: the login, and the repository if there is one. */
export const accessCheck = check({
  name: 'access',
  needs: ['base', 'place', 'authorization'],
  gives: [],
  async run({ base, place, authorization }, context, options): Promise<Outcome> {
    const { registry, repository } = place;
    const whole = repository === '';
    if (authorization === 'none' && whole) {
      return { verdict: 'skipped', detail: 'no login is asked for' };
    }
    const url = whole ? new URL('v2/', base) : tagsUrl(base, repository);
    const response =
      authorization === 'none'
        ? await askBare(context, url, options)
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
        hint: `Name a repository (${registry}/NAME) to see what everybody may read, or sign in: ${loginAdvice(place)}`,
      };
    }
    throw await refused(context, place, response);
  },
});

function isAnonymous(authorization: Authorization | 'none'): boolean {
  return authorization === 'none' || authorization.origin === undefined;
}

function whoOf(authorization: Authorization | 'none'): string {
  const origin = authorization === 'none' ? undefined : authorization.origin;
  return origin === undefined ? 'everybody' : `the login from ${origin}`;
}
