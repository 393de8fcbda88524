import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { judgeFolder, readOwnFile } from '../config/cache-folder.ts';
import { withFileLock } from '../config/file-lock.ts';
import { errno } from '../config/text-file.ts';
import { writeFileAtomic } from '../util/atomic-file.ts';
import {
  addChallenge,
  addToken,
  type Changes,
  extended,
  forgetRegistry,
  isAdding,
  noChanges,
  recordOwner,
  reduced,
} from './token-changes.ts';
import {
  bounded,
  EMPTY,
  live,
  parseDocument,
  placeKey,
  printDocument,
  sameOwner,
  type TokenDocument,
} from './token-document.ts';
import type { TokenStore } from './token-store.ts';

export interface TokenFileOptions {
  /** Folder of the cache; made when there is something to keep. */
  readonly folder: string;
  /** User id of this process; undefined where the system has none. */
  readonly uid: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A line of `--debug`; never holds a token. */
  readonly trace?: ((line: string) => void) | undefined;
}

export interface TokenFile extends TokenStore {
  /** Removes at once what belongs to a registry. False when that failed. */
  forget(registry: string): Promise<boolean>;
  /** Writes what this run learnt. Never rejects. */
  close(): Promise<void>;
}

const FILE = 'tokens.json';
const KEY = 'tokens.key';
const LOCK = 'tokens.lock';
const KEY_BYTES = 32;
const MAX_FILE = 1024 * 1024;
/** The lock is held for milliseconds; a cache is not worth a longer wait. */
const LOCK_STALE_MS = 1000;
const LOCK_PATIENCE_MS = 5000;

/**
 * Tokens and challenges in a folder of the user's cache (docs/cache.md). The file is read at the
 * first question, and what changed is merged into it under a lock at the end, so that runs beside
 * each other lose nothing. Whatever is wrong with the folder or the file, there is just no cache.
 */
export function createTokenFile(options: TokenFileOptions): TokenFile {
  const { folder, uid, now, trace } = options;
  let left: TokenDocument = EMPTY;
  let key: Buffer | undefined;
  let loading: Promise<void> | undefined;
  let barred = false;
  let changes = noChanges();

  const load = async (): Promise<void> => {
    const state = await judgeFolder(folder, uid);
    if (state.kind === 'unsafe') {
      barred = true;
      trace?.(`token cache: not used, ${folder} ${state.problem}`);
    }
    if (state.kind !== 'usable') return;
    const [document, readKey] = await readAll(options);
    key = readKey;
    left = live(document, now());
    const { tokens, challenges } = left;
    trace?.(
      `token cache: ${tokens.length} tokens and ${challenges.length} challenges in ${folder}`,
    );
  };
  const attempt = async (what: string, task: () => Promise<void>): Promise<boolean> => {
    try {
      await task();
      return true;
    } catch (error) {
      trace?.(`token cache: cannot ${what} ${folder}: ${errno(error) ?? (error as Error).name}`);
      return false;
    }
  };
  const ready = (): Promise<void> => (loading ??= attempt('read', load).then(() => undefined));
  const save = async (): Promise<boolean> => {
    const pending = changes;
    changes = noChanges();
    return barred || attempt('write to', () => merge(pending, options));
  };

  return {
    ready,
    tokens(owner) {
      if (key === undefined || left.tokens.length === 0) return [];
      const wanted = recordOwner(owner, key);
      return left.tokens.filter((one) => sameOwner(one, wanted) && one.renewAt > now());
    },
    offers: (place) =>
      left.challenges.find((one) => placeKey(one) === placeKey(place))?.offers ?? [],
    keepToken(owner, token) {
      if (owner.lasting) addToken(changes, { owner, token, storedAt: now() });
    },
    keepOffers(place, offers) {
      const known = left.challenges.find((one) => placeKey(one) === placeKey(place));
      if (JSON.stringify(known?.offers) === JSON.stringify(offers)) return;
      addChallenge(changes, { ...place, offers, storedAt: now() });
    },
    dropToken(value) {
      for (const [id, { token }] of changes.tokens) {
        if (token.value === value) changes.tokens.delete(id);
      }
      const refused = left.tokens.filter((one) => one.value === value);
      const stale = left.tokens.filter((one) => refused.some((owner) => sameOwner(owner, one)));
      for (const one of stale) changes.droppedTokens.add(one.value);
      left = reduced(left, changes);
    },
    dropOffers(place) {
      changes.droppedPlaces.add(placeKey(place));
      left = reduced(left, changes);
    },
    async forget(registry) {
      await ready();
      forgetRegistry(changes, registry);
      left = reduced(left, changes);
      return save();
    },
    async close() {
      await save();
    },
  };
}

/** Without a whole key, nothing in the file can be matched to a credential. */
async function readAll({
  folder,
  uid,
}: TokenFileOptions): Promise<readonly [TokenDocument, Buffer | undefined]> {
  const [text, key] = await Promise.all([
    readOwnFile(join(folder, FILE), { uid, maxBytes: MAX_FILE }),
    readOwnFile(join(folder, KEY), { uid, maxBytes: KEY_BYTES }),
  ]);
  if (key?.byteLength !== KEY_BYTES) return [EMPTY, undefined];
  return [text === undefined ? EMPTY : parseDocument(text.toString('utf8')), key];
}

async function merge(changes: Changes, options: TokenFileOptions): Promise<void> {
  const { folder, uid, now } = options;
  const adding = isAdding(changes);
  if (adding) await mkdir(folder, { recursive: true, mode: 0o700 });
  else if (!(await wouldReduce(changes, options))) return;
  if ((await judgeFolder(folder, uid)).kind !== 'usable') return;

  const replace = async (): Promise<void> => {
    const [document, readKey] = await readAll(options);
    if (readKey === undefined && !adding) return;
    const key = readKey ?? randomBytes(KEY_BYTES);
    if (readKey === undefined) await put(join(folder, KEY), key);
    const next = extended(reduced(document, changes), changes, key);
    await put(join(folder, FILE), printDocument(bounded(live(next, now()))));
  };
  await withFileLock(join(folder, LOCK), replace, {
    staleAfterMs: LOCK_STALE_MS,
    signal: AbortSignal.timeout(LOCK_PATIENCE_MS),
  });
}

/** A run that only takes something away need not lock, or be able to write, when it is not there. */
async function wouldReduce(changes: Changes, options: TokenFileOptions): Promise<boolean> {
  const { folder, uid } = options;
  if ((await judgeFolder(folder, uid)).kind !== 'usable') return false;
  const [document] = await readAll(options);
  return reduced(document, changes) !== document;
}

/** A cache bears an empty file after a power cut, and waiting for the disk would be felt. */
async function put(path: string, data: string | Uint8Array): Promise<void> {
  await writeFileAtomic(path, data, { mode: 0o600, durable: false });
}
