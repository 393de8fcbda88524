import type { HostPolicies } from '../../config/hosts/types.ts';
import { knownRegistry } from '../../config/registries/lookup.ts';
import { apiHost } from '../../reference/docker-hub.ts';
import type { AuthScheme } from './challenge.ts';
import { abortable } from '../../util/abort.ts';
import { originKey, type ChallengeKey, type TokenStore } from './token-store.ts';
import type { RequestAuth } from '../types.ts';

export interface KnownChallenge {
  /** Best first; empty when nothing is known. */
  readonly offers: readonly AuthScheme[];
  /** They come from an earlier run or from the table of registries, and are not confirmed yet. */
  readonly stored: boolean;
}

/** Remembers how one origin wants requests to authenticate. */
export interface ChallengeCache {
  get(): KnownChallenge;
  /**
   * If nothing is known yet, lets one request go first while the others wait, so that one challenge
   * serves all. Resolves to a function that releases them, or to undefined if no wait is needed.
   */
  waitForFirst(signal: AbortSignal | undefined): Promise<(() => void) | undefined>;
  /** Stores what the registry just offered. */
  store(offers: readonly AuthScheme[]): void;
  /** The registry accepted the result: later runs may use the offers. */
  confirm(): void;
  /** The offers of an earlier run did not work. */
  discardStored(): void;
}

/**
 * Keeps offers per origin and area; if one area is unknown, the offers of the other are used. Two
 * areas, because a catalog may use another scheme than repositories (Harbor).
 */
export function createChallengeCache(
  policies: HostPolicies,
  store?: TokenStore,
): (url: URL, auth: RequestAuth) => ChallengeCache {
  const heard = new Map<string, readonly AuthScheme[]>();
  /** The offers of the store, read once. */
  const left = new Map<string, readonly AuthScheme[]>();
  const confirmed = new Map<string, readonly AuthScheme[]>();
  const leftFor = (key: ChallengeKey): readonly AuthScheme[] => {
    const id = `${key.registry} ${keyOf(key)}`;
    const offers = left.get(id) ?? store?.offers(key) ?? [];
    left.set(id, offers);
    return offers;
  };
  /** Origins whose usual challenge did not work. */
  const unusual = new Set<string>();
  const leads = new Map<string, Promise<void>>();
  /** Where the first answer has come. */
  const led = new Set<string>();

  return (url, { registry, repository }) => {
    const origin = originKey(url, policies(apiHost(registry)).verifyTls);
    const keyIn = (area: ChallengeKey['area']): ChallengeKey => ({ registry, origin, area });
    const [own, other] =
      repository === undefined
        ? [keyIn('registry'), keyIn('repository')]
        : [keyIn('repository'), keyIn('registry')];
    const get = (): KnownChallenge => {
      const known = heard.get(keyOf(own)) ?? heard.get(keyOf(other));
      if (known !== undefined) return { offers: known, stored: false };
      const offers = [own, other].map(leftFor).find(({ length }) => length > 0);
      return {
        offers: offers ?? (unusual.has(origin) ? [] : usualOffers(registry, url)),
        stored: true,
      };
    };
    return {
      get,
      async waitForFirst(signal) {
        const key = keyOf(own);
        if (led.has(key) || get().offers.length > 0) return undefined;
        const lead = leads.get(key);
        if (lead !== undefined) return abortable(lead, signal).then(() => undefined);
        const { promise, resolve } = Promise.withResolvers<void>();
        leads.set(key, promise);
        return () => {
          led.add(key);
          resolve();
        };
      },
      store: (offers) => void heard.set(keyOf(own), offers),
      confirm() {
        const offers = heard.get(keyOf(own));
        if (offers === undefined || confirmed.get(keyOf(own)) === offers) return;
        confirmed.set(keyOf(own), offers);
        store?.keepOffers(own, offers);
      },
      discardStored() {
        unusual.add(origin);
        for (const one of [own, other]) {
          left.delete(`${one.registry} ${keyOf(one)}`);
          store?.dropOffers(one);
        }
      },
    };
  };
}

/** What a known registry offers at its own address (`KnownRegistry.challenge`). */
function usualOffers(registry: string, url: URL): readonly AuthScheme[] {
  if (url.origin !== `https://${apiHost(registry)}`) return [];
  const challenge = knownRegistry(registry)?.challenge;
  if (challenge === undefined) return [];
  return [
    challenge.kind === 'basic' ? challenge : { ...challenge, realm: new URL(challenge.realm) },
  ];
}

function keyOf({ origin, area }: ChallengeKey): string {
  return `${origin} ${area}`;
}
