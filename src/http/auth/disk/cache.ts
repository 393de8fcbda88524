import { randomUUID } from 'node:crypto';
import { checkPrivateFolder } from '../../../config/files/ownership.ts';
import { causeOf } from '../../../util/errno.ts';
import {
  addChallenge,
  addToken,
  forgetRegistry,
  hashedOwner,
  hasNoChanges,
  noChanges,
  withoutRemoved,
} from './changes.ts';
import {
  challengeKey,
  EMPTY_CACHE,
  sameOwner,
  type TokenDocument,
  withoutExpired,
} from './format.ts';
import { readCache } from './read.ts';
import type { MergeOptions } from './write.ts';
import type { TokenStore } from '../token-store.ts';

export interface TokenFileOptions extends MergeOptions {
  /** A line of `--debug`; never holds a token. */
  readonly trace?: ((line: string) => void) | undefined;
}

export interface TokenFile extends TokenStore {
  /** Removes a registry's records at once. False if that failed. */
  forget(registry: string): Promise<boolean>;
  /** Writes what this run learned. Never rejects. */
  close(): Promise<void>;
}

/**
 * Tokens and challenges in a directory of the user's cache (docs/reference/cache.md). The file is read at the
 * first lookup, and changes are merged into it under a lock at the end, so that parallel runs lose
 * nothing. If anything is wrong with the directory or the file, the cache is not used.
 */
export function createTokenFile(options: TokenFileOptions): TokenFile {
  const { folder, uid, now, trace } = options;
  let left: TokenDocument = EMPTY_CACHE;
  let key: Buffer | undefined;
  let loading: Promise<void> | undefined;
  let barred = false;
  let changes = noChanges();
  /** Logouts that this run knows about. */
  const seen = new Set<string>();
  const loaded = new Set<string>();

  const load = async (): Promise<void> => {
    const safety = checkPrivateFolder(folder, uid);
    if (safety.kind === 'unsafe') {
      barred = true;
      trace?.(`token cache: not used, ${folder} ${safety.problem}`);
    }
    if (safety.kind !== 'usable') return;
    const [document, readKey] = readCache(options);
    key = readKey;
    left = withoutExpired(document, now());
    const { tokens, challenges, forgotten } = left;
    for (const { id } of forgotten) seen.add(id);
    for (const { value } of tokens) loaded.add(value);
    trace?.(
      `token cache: ${tokens.length} tokens and ${challenges.length} challenges in ${folder}`,
    );
  };
  const attempt = async (what: string, task: () => Promise<void>): Promise<boolean> => {
    try {
      await task();
      return true;
    } catch (error) {
      trace?.(`token cache: cannot ${what} ${folder}: ${causeOf(error)}`);
      return false;
    }
  };
  const ready = (): Promise<void> => (loading ??= attempt('read', load).then(() => undefined));
  const save = async (): Promise<boolean> => {
    const pending = changes;
    changes = noChanges();
    if (barred || hasNoChanges(pending)) return true;
    return attempt('write to', async () => {
      const { mergeIntoCache } = await import('./write.ts');
      await mergeIntoCache({ changes: pending, seen, loaded }, options);
    });
  };

  return {
    ready,
    tokens(owner) {
      if (key === undefined || left.tokens.length === 0) return [];
      const wanted = hashedOwner(owner, key);
      return left.tokens.filter((one) => sameOwner(one, wanted) && one.renewAt > now());
    },
    offers: (challenge) =>
      left.challenges.find((one) => challengeKey(one) === challengeKey(challenge))?.offers ?? [],
    keepToken(owner, token) {
      if (owner.persistent) addToken(changes, { owner, token, storedAt: now() });
    },
    keepOffers(challenge, offers) {
      const known = left.challenges.find((one) => challengeKey(one) === challengeKey(challenge));
      if (JSON.stringify(known?.offers) === JSON.stringify(offers)) return;
      addChallenge(changes, { ...challenge, offers, storedAt: now() });
    },
    dropToken(value) {
      for (const [id, { token }] of changes.tokens) {
        if (token.value === value) changes.tokens.delete(id);
      }
      const refused = left.tokens.filter((one) => one.value === value);
      const stale = left.tokens.filter((one) => refused.some((owner) => sameOwner(owner, one)));
      for (const one of stale) changes.droppedTokens.add(one.value);
      left = withoutRemoved(left, changes);
    },
    dropOffers(challenge) {
      changes.droppedChallenges.add(challengeKey(challenge));
      left = withoutRemoved(left, changes);
    },
    async forget(registry) {
      await ready();
      const record = { id: randomUUID(), storedAt: now() };
      forgetRegistry(changes, registry, record);
      seen.add(record.id);
      const before = left;
      left = withoutRemoved(left, changes);
      return (await save()) || left === before;
    },
    async close() {
      await save();
    },
  };
}
