import { createHmac } from 'node:crypto';
import { credentialKey } from '../../../reference/docker-hub.ts';
import { sameRegistry } from '../../../credentials/keys.ts';
import { scopeKey } from '../scopes.ts';
import {
  challengeKey,
  tokenKey,
  type ChallengeRecord,
  type ForgottenRecord,
  MAX_TOKENS,
  type TokenDocument,
  type TokenRecord,
} from './format.ts';
import type { CachedToken, TokenOwner } from '../token-store.ts';

/** What one run adds to the file and removes from it. */
export interface TokenChanges {
  readonly tokens: Map<string, KeptToken>;
  readonly challenges: Map<string, ChallengeRecord>;
  readonly droppedTokens: Set<string>;
  readonly droppedChallenges: Set<string>;
  /** Logged-out registries, by name. */
  readonly forgotten: Map<string, Omit<ForgottenRecord, 'registry'>>;
}

interface KeptToken {
  readonly owner: TokenOwner;
  readonly token: CachedToken;
  readonly storedAt: number;
}

export function noChanges(): TokenChanges {
  return {
    tokens: new Map(),
    challenges: new Map(),
    droppedTokens: new Set(),
    droppedChallenges: new Set(),
    forgotten: new Map(),
  };
}

/** Holds no more tokens than are written, for any number of repositories. */
export function addToken({ tokens }: TokenChanges, kept: KeptToken): void {
  const id = JSON.stringify([kept.owner, scopeKey(kept.token.scopes)]);
  tokens.delete(id);
  tokens.set(id, kept);
  const [oldest] = tokens.keys();
  if (tokens.size > MAX_TOKENS && oldest !== undefined) tokens.delete(oldest);
}

export function addChallenge({ challenges }: TokenChanges, record: ChallengeRecord): void {
  challenges.set(challengeKey(record), record);
}

/** Drops pending additions for the registry and records its logout. */
export function forgetRegistry(
  changes: TokenChanges,
  registry: string,
  record: Omit<ForgottenRecord, 'registry'>,
): void {
  for (const [id, { owner }] of changes.tokens) {
    if (sameRegistry(owner.registry, registry)) changes.tokens.delete(id);
  }
  for (const [id, one] of changes.challenges) {
    if (sameRegistry(one.registry, registry)) changes.challenges.delete(id);
  }
  changes.forgotten.set(registry, record);
}

export function hasNoChanges(changes: TokenChanges): boolean {
  return Object.values(changes).every((part: { readonly size: number }) => part.size === 0);
}

export function hasAdditions({ tokens, challenges, forgotten }: TokenChanges): boolean {
  return tokens.size + challenges.size + forgotten.size > 0;
}

/** Returns `document` without removed records; the same object if nothing is removed. */
export function withoutRemoved(document: TokenDocument, changes: TokenChanges): TokenDocument {
  const { droppedTokens, droppedChallenges, forgotten } = changes;
  const kept = ({ registry }: { readonly registry: string }): boolean =>
    ![...forgotten.keys()].some((name) => sameRegistry(name, registry));
  const tokens = document.tokens.filter((one) => kept(one) && !droppedTokens.has(one.value));
  const challenges = document.challenges.filter(
    (one) => kept(one) && !droppedChallenges.has(challengeKey(one)),
  );
  const same =
    tokens.length === document.tokens.length && challenges.length === document.challenges.length;
  return same ? document : { ...document, tokens, challenges };
}

/** What a run learned, and what it knew when it started. */
export interface Learnt {
  readonly changes: TokenChanges;
  /** Logouts that the run knows about: what it learned is newer. */
  readonly seen: ReadonlySet<string>;
  /** Tokens that existed then. */
  readonly loaded: ReadonlySet<string>;
}

/** Returns `document` with the additions, which replace records with the same key. */
export function withAdded(
  document: TokenDocument,
  { changes, seen }: Learnt,
  key: Buffer,
): TokenDocument {
  const others = document.forgotten.filter(({ id }) => !seen.has(id));
  const unseen = new Set(others.map(({ registry }) => registry));
  const isFresh = ({ registry }: { readonly registry: string }): boolean =>
    !unseen.has(hashedRegistry(registry, key));
  const tokens = [...changes.tokens.values()]
    .filter(({ owner }) => isFresh(owner))
    .map((one) => tokenRecord(one, key));
  const challenges = [...changes.challenges.values()].filter(isFresh);
  const forgotten = [...changes.forgotten].map(([registry, one]) => ({
    registry: hashedRegistry(registry, key),
    ...one,
  }));
  return {
    tokens: joined(tokens, document.tokens, tokenKey),
    challenges: joined(challenges, document.challenges, challengeKey),
    forgotten: joined(forgotten, document.forgotten, ({ registry }) => registry),
  };
}

function joined<T>(added: readonly T[], kept: readonly T[], key: (one: T) => string): readonly T[] {
  const keys = new Set(added.map(key));
  return [...added, ...kept.filter((one) => !keys.has(key(one)))];
}

/** Whether another run already stored it all: a token for each key, the same challenges. */
export function isKnownTo(
  document: TokenDocument,
  { changes, loaded }: Learnt,
  key: Buffer,
): boolean {
  const { tokens, challenges, droppedTokens, droppedChallenges, forgotten } = changes;
  if (droppedTokens.size + droppedChallenges.size + forgotten.size > 0) return false;
  const others = document.tokens.filter(({ value }) => !loaded.has(value));
  const known = new Set(others.map(tokenKey));
  const offers = new Map(document.challenges.map((one) => [challengeKey(one), one.offers]));
  return (
    [...tokens.values()].every((one) => known.has(tokenKey(tokenRecord(one, key)))) &&
    [...challenges].every(
      ([id, one]) => JSON.stringify(offers.get(id)) === JSON.stringify(one.offers),
    )
  );
}

function tokenRecord({ owner, token, storedAt }: KeptToken, key: Buffer): TokenRecord {
  const { scopes, value, renewAt } = token;
  return { ...hashedOwner(owner, key), scopes, value, storedAt, renewAt };
}

function hashedRegistry(registry: string, key: Buffer): string {
  return createHmac('sha256', key)
    .update(credentialKey(registry).toLowerCase())
    .digest('base64url');
}

/** An owner as stored: no secret, and nothing to test guessed secrets against. */
export function hashedOwner(
  { registry, origin, realm, service, identity }: TokenOwner,
  key: Buffer,
): Pick<TokenRecord, 'registry' | 'origin' | 'realm' | 'service' | 'identity'> {
  const hash = createHmac('sha256', key).update(identity).digest('base64url');
  return { registry, origin, realm, service: service ?? null, identity: hash };
}
