import type { AuthScheme } from './challenge.ts';
import type { Token } from './token-response.ts';

/** A token's owner: tokens of different registries, realms, services or credentials never mix. */
export interface TokenOwner {
  /** Logical registry: "docker.io". */
  readonly registry: string;
  /** Where the token is sent; see `originKey`. */
  readonly origin: string;
  readonly realm: string;
  readonly service: string | undefined;
  /** Fingerprint of the credential; see `credentialFingerprint`. */
  readonly identity: string;
  /** False: its tokens stay in this process (`Credential.neverPersist`). */
  readonly persistent: boolean;
}

/** A token and when it expires, in milliseconds since the epoch. */
export interface CachedToken extends Token {
  /** The scopes it was asked for. */
  readonly scopes: readonly string[];
}

/** Where a challenge occurred. Harbor uses another scheme for its catalog than for repositories. */
export interface ChallengeKey {
  readonly registry: string;
  /** See `originKey`. */
  readonly origin: string;
  readonly area: 'repository' | 'registry';
}

/**
 * What earlier runs learned. It saves requests and decides nothing: realms are checked each time,
 * and if a registry rejects stored data, regctl continues as if there were none.
 * No function throws or rejects.
 */
export interface TokenStore {
  /** Reads the store, once. The other functions answer from memory. */
  ready(): Promise<void>;
  /** Live tokens of an owner. */
  tokens(owner: TokenOwner): readonly CachedToken[];
  /** Best first; empty when nothing is known. */
  offers(challenge: ChallengeKey): readonly AuthScheme[];
  /** Keeps a token that the registry has accepted. */
  keepToken(owner: TokenOwner, token: CachedToken): void;
  /** Keeps a challenge whose answer the registry has accepted. */
  keepOffers(challenge: ChallengeKey, offers: readonly AuthScheme[]): void;
  /** Drops a rejected token, and the tokens that earlier runs stored for the same owner. */
  dropToken(value: string): void;
  /** Forgets what a registry offered. */
  dropOffers(challenge: ChallengeKey): void;
}

/** Data learned without verified TLS may come from an impostor and is kept separate. */
export function originKey(url: URL, verifyTls: boolean): string {
  return verifyTls ? url.origin : `${url.origin} unverified`;
}
