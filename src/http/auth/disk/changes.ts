import { createHmac } from 'node:crypto';
import { sameRegistry } from '../../../credentials/keys.ts';
import { scopeKey } from '../scopes.ts';
import {
  challengeKey,
  tokenKey,
  type ChallengeRecord,
  type TokenDocument,
  type TokenRecord,
} from './format.ts';
import type { CachedToken, ChallengeKey, TokenOwner } from '../token-store.ts';

/** What one run adds to the file and takes from it. */
export interface TokenChanges {
  readonly tokens: Map<string, KeptToken>;
  readonly challenges: Map<string, ChallengeRecord>;
  readonly droppedTokens: Set<string>;
  readonly droppedChallenges: Set<string>;
  /** Registries of which nothing is kept. */
  readonly forgotten: Set<string>;
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
    forgotten: new Set(),
  };
}

export function addToken({ tokens }: TokenChanges, kept: KeptToken): void {
  tokens.set(JSON.stringify([kept.owner, scopeKey(kept.token.scopes)]), kept);
}

export function addChallenge({ challenges }: TokenChanges, record: ChallengeRecord): void {
  challenges.set(challengeKey(record), record);
}

/** Nothing of this registry is added, and what is there goes. */
export function forgetRegistry(changes: TokenChanges, registry: string): void {
  for (const [id, { owner }] of changes.tokens) {
    if (sameRegistry(owner.registry, registry)) changes.tokens.delete(id);
  }
  for (const [id, one] of changes.challenges) {
    if (sameRegistry(one.registry, registry)) changes.challenges.delete(id);
  }
  changes.forgotten.add(registry);
}

export function hasNoChanges(changes: TokenChanges): boolean {
  return Object.values(changes).every((part: { readonly size: number }) => part.size === 0);
}

export function hasAdditions({ tokens, challenges }: TokenChanges): boolean {
  return tokens.size + challenges.size > 0;
}

/** `document` without what the changes take from it; the same object when that is nothing. */
export function withoutRemoved(document: TokenDocument, changes: TokenChanges): TokenDocument {
  const { droppedTokens, droppedChallenges, forgotten } = changes;
  const kept = ({ registry }: { readonly registry: string }): boolean =>
    ![...forgotten].some((name) => sameRegistry(name, registry));
  const tokens = document.tokens.filter((one) => kept(one) && !droppedTokens.has(one.value));
  const challenges = document.challenges.filter(
    (one) => kept(one) && !droppedChallenges.has(challengeKey(one)),
  );
  const same =
    tokens.length === document.tokens.length && challenges.length === document.challenges.length;
  return same ? document : { tokens, challenges };
}

/** `document` with what the changes add, which replaces what had the same key. */
export function withAdded(
  document: TokenDocument,
  changes: TokenChanges,
  key: Buffer,
): TokenDocument {
  const tokens = [...changes.tokens.values()].map((one) => tokenRecord(one, key));
  const added = new Set(tokens.map(tokenKey));
  return {
    tokens: [...tokens, ...document.tokens.filter((one) => !added.has(tokenKey(one)))],
    challenges: [
      ...changes.challenges.values(),
      ...document.challenges.filter(
        (one: ChallengeKey) => !changes.challenges.has(challengeKey(one)),
      ),
    ],
  };
}

function tokenRecord({ owner, token, storedAt }: KeptToken, key: Buffer): TokenRecord {
  const { scopes, value, renewAt } = token;
  return { ...hashedOwner(owner, key), scopes, value, storedAt, renewAt };
}

/** An owner as it is written: no secret, and nothing that a guessed secret could be tried on. */
export function hashedOwner(
  { registry, origin, realm, service, identity }: TokenOwner,
  key: Buffer,
): Pick<TokenRecord, 'registry' | 'origin' | 'realm' | 'service' | 'identity'> {
  const hash = createHmac('sha256', key).update(identity).digest('base64url');
  return { registry, origin, realm, service: service ?? null, identity: hash };
}
