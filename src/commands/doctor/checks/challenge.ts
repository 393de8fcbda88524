import { redactUrl } from '../../../errors/redact.ts';
import type { Demand, Offer } from '../../../http/auth/challenge.merge-challenge-choice.ts';
import { demandOf } from '../../../http/auth/challenge.merge-challenge-choice.ts';
import type { Probe } from '../../../http/probe/probe.ts';
import { askBare } from './api.ts';
import { check, type Outcome, type Verdict } from '../check.ts';

/** How the registry wants people to say who they are, and whether its realm may be told. */
export const challengeCheck = check({
  name: 'challenge',
  needs: ['answer', 'base', 'place', 'probe'],
  gives: ['demand'],
  async run({ answer, base, place, probe }, context, options): Promise<Outcome> {
    let { demand } = answer;
    if (demand === undefined && place.repository !== '') {
      const response = await askBare(context, tagsUrl(base, place.repository), options);
      await response.discard();
      demand = demandOf(response);
    }
    if (demand === undefined) {
      return { verdict: 'ok', detail: 'none: no login is asked for', facts: { demand: 'none' } };
    }
    const [first] = demand.offers;
    if (first === undefined) {
      return {
        verdict: 'failed',
        detail: 'a login is asked for in no way that is known: neither Bearer nor Basic',
        hint: 'The registry, or a proxy in front of it, has to send a WWW-Authenticate header.',
      };
    }
    const judged = await judge(first, { probe, base, registry: place.registry });
    return { ...judged, facts: judged.verdict === 'failed' ? {} : { demand } };
  },
});

/** A page of one: the cheapest question about a repository that every registry answers. */
export function tagsUrl(base: URL, repository: string): URL {
  return new URL(`v2/${repository}/tags/list?n=1`, base);
}

interface Place {
  readonly probe: Probe;
  readonly base: URL;
  readonly registry: string;
}

async function judge(offer: Offer, { probe, base, registry }: Place): Promise<Outcome> {
  if (offer.kind === 'basic') return { verdict: 'ok', detail: 'Basic' };
  const { realm, service } = offer;
  if (realm === undefined) {
    return {
      verdict: 'failed',
      detail: 'Bearer, without a realm that is a URL',
      hint: 'The operator of the registry has to correct its realm.',
    };
  }
  const { verdict, rule } = await probe.judgeRealm(registry, base, realm);
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

/** Basic is the only way in. */
export function isBasicOnly(demand: Demand | 'none'): boolean {
  return demand !== 'none' && demand.offers.every(({ kind }) => kind === 'basic');
}
