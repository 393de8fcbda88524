import { createSingleFlight } from '../../util/single-flight.ts';
import { coversScopes, resourcesOf, scopeKey } from './scopes.ts';
import type { Token } from './token-response.ts';
import type { CachedToken, TokenOwner, TokenStore } from './token-store.ts';

export interface FoundToken extends CachedToken {
  /** It came from an earlier run. */
  readonly stored: boolean;
  /** The registry accepted it in this run. */
  readonly accepted: boolean;
}

export interface ExchangeOptions {
  /** An exchange that is tried only once; others do not wait for its result. */
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
  /** The registry accepted a token: later runs may use it. */
  accept(owner: TokenOwner, value: string): void;
  /** Forgets one token, because the registry rejected it. */
  drop(value: string): void;
}

interface HeldToken extends CachedToken {
  readonly stored: boolean;
  readonly key: string;
  readonly holder: OwnerTokens;
  accepted: boolean;
}

/**
 * Tokens in memory, including those of earlier runs. A widened token is kept next to the narrow
 * ones and does not replace them. Each step looks only at the tokens of one resource or one value,
 * so its cost does not grow with the number of repositories.
 */
export function createTokenCache(now: () => number, store?: TokenStore): TokenCache {
  const owners = new Map<string, OwnerTokens>();
  const values = new Map<string, Set<HeldToken>>();
  const flight = createSingleFlight<CachedToken>();

  const remove = (token: HeldToken): void => {
    token.holder.delete(token);
    const same = values.get(token.value);
    same?.delete(token);
    if (same?.size === 0) values.delete(token.value);
  };
  const add = (holder: OwnerTokens, token: CachedToken, stored: boolean): void => {
    const key = scopeKey(token.scopes);
    const before = holder.exact(key);
    if (before !== undefined) remove(before);
    for (const oldest of holder.all()) {
      if (oldest.renewAt > now()) break;
      remove(oldest);
    }
    const held = { ...token, key, holder, stored, accepted: false };
    holder.add(held);
    values.set(token.value, (values.get(token.value) ?? new Set()).add(held));
  };
  const tokensOf = (owner: TokenOwner): OwnerTokens => {
    const key = keyOf(owner);
    const known = owners.get(key);
    if (known !== undefined) return known;
    const holder = new OwnerTokens();
    owners.set(key, holder);
    const left = owner.persistent ? (store?.tokens(owner) ?? []) : [];
    for (const token of left) add(holder, token, true);
    return holder;
  };

  return {
    find(owner, scopes) {
      for (const token of tokensOf(owner).candidates(scopes)) {
        if (token.renewAt <= now()) remove(token);
        else if (token.key === scopeKey(scopes) || coversScopes(token.scopes, scopes)) return token;
      }
      return undefined;
    },
    fetch: (owner, scopes, exchange, { singleAttempt = false } = {}) =>
      flight(`${singleAttempt}\n${keyOf(owner)}\n${scopeKey(scopes)}`, async () => {
        const token = { ...(await exchange()), scopes };
        add(tokensOf(owner), token, false);
        return token;
      }),
    accept(owner, value) {
      for (const token of values.get(value) ?? []) {
        if (token.accepted || token.holder !== owners.get(keyOf(owner))) continue;
        token.accepted = true;
        const { renewAt, scopes } = token;
        if (!token.stored && owner.persistent) store?.keepToken(owner, { value, renewAt, scopes });
      }
    },
    drop(value) {
      for (const token of values.get(value) ?? []) {
        remove(token);
        // Other stored tokens of the same owner are probably invalid too.
        if (token.stored) token.holder.stored().forEach(remove);
      }
      store?.dropToken(value);
    },
  };
}

/**
 * The tokens of one owner, oldest first, indexed by scopes and by resource.
 */
class OwnerTokens {
  readonly #exact = new Map<string, HeldToken>();
  readonly #byResource = new Map<string, Set<HeldToken>>();

  exact(key: string): HeldToken | undefined {
    return this.#exact.get(key);
  }

  all(): Iterable<HeldToken> {
    return this.#exact.values();
  }

  stored(): readonly HeldToken[] {
    return [...this.all()].filter((token) => token.stored);
  }

  /** Yields the token with exactly these scopes, then those of the same resource. */
  *candidates(scopes: readonly string[]): Iterable<HeldToken> {
    const same = this.#exact.get(scopeKey(scopes));
    if (same !== undefined) yield same;
    // A token without scopes only logs in; it must not match other scopes.
    const [resource] = resourcesOf(scopes);
    if (resource !== undefined) yield* this.#byResource.get(resource) ?? [];
  }

  add(token: HeldToken): void {
    this.#exact.set(token.key, token);
    for (const resource of resourcesOf(token.scopes)) {
      this.#byResource.set(
        resource,
        (this.#byResource.get(resource) ?? new Set<HeldToken>()).add(token),
      );
    }
  }

  delete(token: HeldToken): void {
    this.#exact.delete(token.key);
    for (const resource of resourcesOf(token.scopes)) {
      const same = this.#byResource.get(resource);
      same?.delete(token);
      if (same?.size === 0) this.#byResource.delete(resource);
    }
  }
}

function keyOf({ registry, origin, realm, service, identity }: TokenOwner): string {
  return JSON.stringify([registry, origin, realm, service ?? null, identity]);
}
