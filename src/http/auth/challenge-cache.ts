import type { HostPolicies } from '../../config/hosts/types.ts';
import { apiHost } from '../../reference/docker-hub.ts';
import type { Offer } from './challenge.merge-challenge-choice.ts';
import { abortable } from '../../util/abort.ts';
import { placeOf, type ChallengePlace, type TokenStore } from './token-store.ts';
import type { RequestAuth } from '../types.ts';

export interface Recalled {
  /** Best first; empty when nothing is known. */
  readonly offers: readonly Offer[];
  /** They are of an earlier run, and nothing has confirmed them in this one. */
  readonly stored: boolean;
}

/** What is known of how one origin wants requests to authenticate. */
export interface ChallengeMemory {
  recall(): Recalled;
  /**
   * Where nothing is known yet, one request goes first and the others wait, so that one challenge
   * serves them all. Resolves to what lets them go; to undefined for who need not go first.
   */
  lead(signal: AbortSignal | undefined): Promise<(() => void) | undefined>;
  /** The registry has just said so. */
  keep(offers: readonly Offer[]): void;
  /** The registry accepted what came of it: it may serve later runs. */
  accept(): void;
  /** What an earlier run left did not work. */
  distrust(): void;
}

/**
 * Offers per origin and area; where nothing is known of the one area, the other's offers serve:
 * a catalog may be guarded by another scheme than repositories are (Harbor).
 */
export function createChallengeMemory(
  policies: HostPolicies,
  store?: TokenStore,
): (url: URL, auth: RequestAuth) => ChallengeMemory {
  const heard = new Map<string, readonly Offer[]>();
  const leads = new Map<string, Promise<void>>();

  return (url, { registry, repository }) => {
    const origin = placeOf(url, policies(apiHost(registry)).verifyTls);
    const place = (area: ChallengePlace['area']): ChallengePlace => ({ registry, origin, area });
    const [own, other] =
      repository === undefined
        ? [place('registry'), place('repository')]
        : [place('repository'), place('registry')];
    const recall = (): Recalled => {
      const known = heard.get(keyOf(own)) ?? heard.get(keyOf(other));
      if (known !== undefined) return { offers: known, stored: false };
      const left = [own, other].map((one) => store?.offers(one) ?? []);
      return { offers: left.find(({ length }) => length > 0) ?? [], stored: true };
    };
    return {
      recall,
      async lead(signal) {
        if (recall().offers.length > 0) return undefined;
        const lead = leads.get(keyOf(own));
        if (lead !== undefined) return abortable(lead, signal).then(() => undefined);
        return new Promise((resolve) => {
          leads.set(keyOf(own), new Promise<void>((end) => resolve(end)));
        });
      },
      keep: (offers) => void heard.set(keyOf(own), offers),
      accept() {
        const offers = heard.get(keyOf(own));
        if (offers !== undefined) store?.keepOffers(own, offers);
      },
      distrust: () => [own, other].forEach((one) => store?.dropOffers(one)),
    };
  };
}

function keyOf({ origin, area }: ChallengePlace): string {
  return `${origin} ${area}`;
}
