import { createSingleFlight } from '../util/single-flight.ts';
import { coversScopes, scopeKey } from './scopes.ts';
import type { Token } from './token-response.ts';

/** Whose token it is: tokens of different realms, services or credentials never mix. */
export interface TokenOwner {
  readonly realm: string;
  readonly service: string | undefined;
  /** Fingerprint of the credential; see `identityOf`. */
  readonly identity: string;
}

export interface CachedToken {
  readonly value: string;
  /** The scopes it was asked for. */
  readonly scopes: readonly string[];
}

export interface TokenCache {
  /** A live token that covers `scopes`; its own scopes may be wider. */
  find(owner: TokenOwner, scopes: readonly string[]): CachedToken | undefined;
  /** Fetches and keeps a token; callers with the same owner and scopes share one exchange. */
  fetch(
    owner: TokenOwner,
    scopes: readonly string[],
    exchange: () => Promise<Token>,
  ): Promise<CachedToken>;
  /** Forgets one token, because the registry refused it. */
  drop(value: string): void;
}

/** Tokens live in memory only; a widened token is kept beside the narrow ones, never over them. */
export function createTokenCache(now: () => number): TokenCache {
  const owners = new Map<string, Map<string, Token & CachedToken>>();
  const flight = createSingleFlight<CachedToken>();

  return {
    find(owner, scopes) {
      const tokens = owners.get(keyOf(owner));
      const exact = tokens?.get(scopeKey(scopes));
      if (exact !== undefined && exact.renewAt > now()) return exact;
      // A token without scopes is for signing in only; it must not be widened into an answer.
      if (scopes.length === 0) return undefined;
      return [...(tokens?.values() ?? [])].find(
        (token) => token.renewAt > now() && coversScopes(token.scopes, scopes),
      );
    },
    fetch: (owner, scopes, exchange) =>
      flight(`${keyOf(owner)}\n${scopeKey(scopes)}`, async () => {
        const token = { ...(await exchange()), scopes };
        const tokens = owners.get(keyOf(owner)) ?? new Map<string, Token & CachedToken>();
        tokens.set(scopeKey(scopes), token);
        owners.set(keyOf(owner), tokens);
        return token;
      }),
    drop(value) {
      for (const tokens of owners.values()) {
        for (const [key, token] of tokens) {
          if (token.value === value) tokens.delete(key);
        }
      }
    },
  };
}

function keyOf({ realm, service, identity }: TokenOwner): string {
  return JSON.stringify([realm, service ?? null, identity]);
}
