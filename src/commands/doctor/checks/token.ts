import { AppError } from '../../../errors/app-error.ts';
import type { FreshAuthorization } from '../../../http/probe/fresh-authorization.ts';
import { mergeScopes } from '../../../http/auth/scopes.ts';
import { loginAdvice } from '../../../config/registries/lookup.ts';
import { pullScope } from '../../../registry/scopes.ts';
import { formatSeconds } from '../../../util/text/units.ts';
import { type CheckResult, defineCheck } from '../check.ts';

const WHY_NONE = {
  basic: 'Basic sends the login itself',
  static: 'the token that was given is sent unchanged',
} as const;

/** Which access the token server grants, and for how long. */
export const tokenCheck = defineCheck({
  name: 'token',
  needs: ['probe', 'location', 'base', 'challenge', 'login'],
  gives: ['authorization'],
  async run(
    { probe, location, base, challenge, login },
    context,
    { signal },
  ): Promise<CheckResult> {
    if (challenge === 'none') {
      const facts = { authorization: 'none' } as const;
      return { verdict: 'skipped', detail: 'no login is asked for', facts };
    }
    const { registry, repository } = location;
    const scopes = mergeScopes(repository === '' ? challenge.scopes : [pullScope(repository)]);
    const auth = { registry, ...(repository === '' ? {} : { repository }), scopes };
    const url = new URL('v2/', base);
    try {
      const given = await probe.obtainFreshAuthorization({
        auth,
        url,
        offers: challenge.offers,
        scopes,
        signal,
      });
      if (given === undefined) return cannotMeet(registry);
      const facts = { authorization: given };
      return given.kind === 'token'
        ? { ...judgeToken(given, context.now().getTime()), facts }
        : { verdict: 'skipped', detail: WHY_NONE[given.kind], facts };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'TOKEN_FAILED') throw error;
      if (login !== 'none' || repository !== '') throw error;
      return {
        verdict: 'warning',
        detail: error.message,
        hint: `Name a repository (${registry}/NAME) to see what anyone can read. ${loginAdvice(location)}`,
      };
    }
  },
});

function cannotMeet(registry: string): CheckResult {
  return {
    verdict: 'failed',
    detail: 'the registry offers no way to log in with the login that was found',
    hint: `Use a username and a password. ${loginAdvice({ registry })}`,
  };
}

function judgeToken(given: FreshAuthorization, now: number): CheckResult {
  const { origin, scopes, claims } = given;
  const who = origin === undefined ? 'an anonymous token' : 'a token';
  const granted = claims?.access;
  const asked = scopes.length === 0 ? 'for a login' : `for ${scopes.join(' ')}`;
  const first = `${who} ${asked}${lifetime(given, now)}`;
  if (granted === undefined || scopes.length === 0) return { verdict: 'ok', detail: first };
  if (granted.length > 0) {
    return { verdict: 'ok', detail: [first, `granted: ${granted.join(' ')}`] };
  }
  return {
    verdict: 'warning',
    detail: [first, 'granted: nothing'],
    hint:
      origin === undefined
        ? 'Check the name, or log in: the repository is private or does not exist.'
        : 'Check the name, or use another login: the repository does not exist, or this login cannot read it.',
  };
}

function lifetime({ claims, renewAt }: FreshAuthorization, now: number): string {
  const end = claims?.expires ?? renewAt;
  if (end === undefined) return '';
  const seconds = Math.round((end - now) / 1000);
  return seconds > 0 ? `, good for ${formatSeconds(seconds)}` : '';
}
