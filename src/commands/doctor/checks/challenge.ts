import { redactUrl } from '../../../errors/redact.ts';
import {
  type AuthChallenge,
  type AuthScheme,
  authChallengeOf,
} from '../../../http/auth/challenge.ts';
import type { Probe } from '../../../http/probe/probe.ts';
import { getAnonymously } from './api.ts';
import { type CheckResult, defineCheck, type Verdict } from '../check.ts';

/** How the registry requests a login, and whether its realm may receive credentials. */
export const challengeCheck = defineCheck({
  name: 'challenge',
  needs: ['answer', 'base', 'location', 'probe'],
  gives: ['challenge'],
  async run({ answer, base, location, probe }, context, options): Promise<CheckResult> {
    let { challenge } = answer;
    if (challenge === undefined && location.repository !== '') {
      const response = await getAnonymously(context, tagsUrl(base, location.repository), options);
      await response.discard();
      challenge = authChallengeOf(response);
    }
    if (challenge === undefined) {
      return { verdict: 'ok', detail: 'none: no login is asked for', facts: { challenge: 'none' } };
    }
    const [first] = challenge.offers;
    if (first === undefined) {
      return {
        verdict: 'failed',
        detail: 'a login is asked for in no way that is known: neither Bearer nor Basic',
        hint: 'The registry, or a proxy in front of it, has to send a WWW-Authenticate header.',
      };
    }
    const judged = await judgeScheme(first, { probe, base, registry: location.registry });
    return { ...judged, facts: judged.verdict === 'failed' ? {} : { challenge } };
  },
});

/** URL of a page with one tag: the cheapest repository request that every registry supports. */
export function tagsUrl(base: URL, repository: string): URL {
  return new URL(`v2/${repository}/tags/list?n=1`, base);
}

interface RealmContext {
  readonly probe: Probe;
  readonly base: URL;
  readonly registry: string;
}

async function judgeScheme(
  scheme: AuthScheme,
  { probe, base, registry }: RealmContext,
): Promise<CheckResult> {
  if (scheme.kind === 'basic') return { verdict: 'ok', detail: 'Basic' };
  const { realm, service } = scheme;
  if (realm === undefined) {
    return {
      verdict: 'failed',
      detail: 'Bearer, without a realm that is a URL',
      hint: 'The operator of the registry has to correct its realm.',
    };
  }
  const { verdict, rule } = await probe.evaluateRealm(registry, base, realm);
  return {
    verdict: VERDICTS[verdict],
    detail: [
      `Bearer, tokens from ${redactUrl(realm)}${service === undefined ? '' : ` for ${service}`}`,
      `that realm ${rule}`,
    ],
    hint: HINTS[verdict](realm.host, registry),
  };
}

const VERDICTS: Readonly<Record<Judgement, Verdict>> = {
  trusted: 'ok',
  untrusted: 'warning',
  forbidden: 'failed',
};

const HINTS: Readonly<Record<Judgement, (host: string, registry: string) => string | undefined>> = {
  trusted: () => undefined,
  untrusted: (host, registry) =>
    `No credentials go there. If you trust ${host}, \`regctl login ${registry}\` asks and remembers it, or pass --allow-realm ${host}.`,
  forbidden: () => 'The operator of the registry has to correct its realm.',
};

type Judgement = 'trusted' | 'untrusted' | 'forbidden';

/** Whether the registry offers only Basic authentication. */
export function isBasicOnly(challenge: AuthChallenge | 'none'): boolean {
  return challenge !== 'none' && challenge.offers.every(({ kind }) => kind === 'basic');
}
