import type { AuthScheme } from './challenge.ts';
import type { Token } from './token-response.ts';

/** Whose token it is: tokens of different registries, realms, services or credentials never mix. */
export interface TokenOwner {
  /** Logical registry: "docker.io". */
  readonly registry: string;
  /** Where the token is sent; see `originKey`. */
  readonly origin: string;
  readonly realm: string;
  readonly service: string | undefined;
  /** Fingerprint of the credential; see `credentialFingerprint`. */
  readonly identity: string;
  /** False: its tokens stay in this process (`Credential.ephemeral`). */
  readonly persistent: boolean;
}

export interface CachedToken extends Token {
  /** The scopes it was asked for. */
  readonly scopes: readonly string[];
}

/** Where a challenge was met. Harbor guards its catalog by another scheme than repositories. */
export interface ChallengeKey {
  readonly registry: string;
  /** See `originKey`. */
  readonly origin: string;
  readonly area: 'repository' | 'registry';
}

/**
 * What earlier runs learnt. It saves requests and decides nothing: realms are judged again each
 * time, and a registry that refuses what came from here is asked as if there were nothing.
 * No function throws or rejects.
 */
export interface TokenStore {
  /** Reads what is there, once. The other functions answer from memory. */
  ready(): Promise<void>;
  /** Live tokens of an owner. */
  tokens(owner: TokenOwner): readonly CachedToken[];
  /** Best first; empty when nothing is known. */
  offers(challenge: ChallengeKey): readonly AuthScheme[];
  /** Keeps a token that the registry has accepted. */
  keepToken(owner: TokenOwner, token: CachedToken): void;
  /** Keeps a challenge whose answer the registry has accepted. */
  keepOffers(challenge: ChallengeKey, offers: readonly AuthScheme[]): void;
  /** Drops a refused token, and with it what earlier runs left of the same owner. */
  dropToken(value: string): void;
  dropOffers(challenge: ChallengeKey): void;
}

/** What was learnt without verifying TLS may be an impostor's, and is kept apart. */
export function originKey(url: URL, verifyTls: boolean): string {
  return verifyTls ? url.origin : `${url.origin} unverified`;
}
