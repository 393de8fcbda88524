import { createSingleFlight } from '../../util/single-flight.ts';
import { coversScopes, scopeKey } from './scopes.ts';
import type { Token } from './token-response.ts';
import type { CachedToken, TokenOwner, TokenStore } from './token-store.ts';

export interface FoundToken extends CachedToken {
  /** It came from an earlier run. */
  readonly stored: boolean;
}

export interface ExchangeOptions {
  /** An exchange that is tried once only; others do not wait for its outcome. */
  readonly singleAttempt?: boolean | undefined;
}

export interface TokenCache {
  /** A live token that covers `scopes`; its own scopes may be wider. */
  find(owner: TokenOwner, scopes: readonly string[]): FoundToken | undefined;
  /** Fetches and keeps a token; callers with the same owner and scopes share one exchange. */
  fetch(
    owner: TokenOwner,
    scopes: readonly string[],
    exchange: () => Promise<Token>,
    options?: ExchangeOptions,
  ): Promise<CachedToken>;
  /** The registry accepted a token: from now on it may serve later runs. */
  accept(owner: TokenOwner, value: string): void;
  /** Forgets one token, because the registry refused it. */
  drop(value: string): void;
}

type HeldToken = CachedToken & { accepted: boolean };

/**
 * Tokens in memory, and behind them those of earlier runs. A widened token is kept beside the
 * narrow ones, never over them.
 */
export function createTokenCache(now: () => number, store?: TokenStore): TokenCache {
  const owners = new Map<string, Map<string, HeldToken>>();
  const flight = createSingleFlight<CachedToken>();
  const own = (owner: TokenOwner): Map<string, HeldToken> => owners.get(keyOf(owner)) ?? new Map();
  const left = (owner: TokenOwner): readonly CachedToken[] =>
    owner.persistent ? (store?.tokens(owner) ?? []) : [];

  return {
    find(owner, scopes) {
      const tokens = own(owner);
      const key = scopeKey(scopes);
      const exact = tokens.get(key);
      if (exact !== undefined && exact.renewAt > now()) return { ...exact, stored: false };
      const live = [
        ...[...tokens.values()].map((token) => ({ ...token, stored: false })),
        ...left(owner).map((token) => ({ ...token, stored: true })),
      ].filter((token) => token.renewAt > now());
      const same = live.find((token) => scopeKey(token.scopes) === key);
      // A token without scopes is for signing in only; it must not be widened into an answer.
      if (same !== undefined || scopes.length === 0) return same;
      return live.find((token) => coversScopes(token.scopes, scopes));
    },
    fetch: (owner, scopes, exchange, { singleAttempt = false } = {}) =>
      flight(`${singleAttempt}\n${keyOf(owner)}\n${scopeKey(scopes)}`, async () => {
        const token = { ...(await exchange()), scopes, accepted: false };
        const tokens = own(owner);
        tokens.set(scopeKey(scopes), token);
        owners.set(keyOf(owner), tokens);
        return token;
      }),
    accept(owner, value) {
      if (store === undefined || !owner.persistent) return;
      for (const token of own(owner).values()) {
        if (token.accepted || token.value !== value) continue;
        token.accepted = true;
        const { renewAt, scopes } = token;
        store.keepToken(owner, { value, renewAt, scopes });
      }
    },
    drop(value) {
      for (const tokens of owners.values()) {
        for (const [key, token] of tokens) {
          if (token.value === value) tokens.delete(key);
        }
      }
      store?.dropToken(value);
    },
  };
}

function keyOf({ registry, origin, realm, service, identity }: TokenOwner): string {
  return JSON.stringify([registry, origin, realm, service ?? null, identity]);
}
