import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { checkPrivateFolder } from '../../../config/files/ownership.ts';
import type { BeginWait } from '../../../util/abort.ts';
import { withFileLock } from '../../../util/file-lock.ts';
import { writeFileAtomic } from '../../../util/atomic-file.ts';
import {
  hasAdditions,
  isKnownTo,
  type Learnt,
  type TokenChanges,
  withAdded,
  withoutRemoved,
} from './changes.ts';
import { printDocument, type TokenDocument, withinLimits, withoutExpired } from './format.ts';
import { TOKENS_FILE, KEY_FILE, KEY_BYTES, readCache, type CacheLocation } from './read.ts';
import {
  createTemporaries,
  type ProcessNames,
  type Temporaries,
} from '../../../util/temporaries.ts';
import { makeFolder } from '../../../util/make-folder.ts';

const LOCK = 'tokens.lock';
/**
 * The lock is held for milliseconds, but hundreds of runs may end at once on a busy machine: a
 * holder that waits for the CPU is not dead.
 */
const LOCK_PATIENCE_MS = 30_000;

export interface MergeOptions extends CacheLocation {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Names this process, so that a killed holder of the lock is not waited for. */
  readonly processes?: (() => Promise<ProcessNames>) | undefined;
  readonly beginWait?: BeginWait | undefined;
}

/**
 * Merges what one run learned into the newest file. Separate from reading, because most runs write
 * nothing and need not load it. @throws system errors; the old file is then unchanged
 */
export async function mergeIntoCache(learnt: Learnt, options: MergeOptions): Promise<void> {
  const { changes } = learnt;
  const { folder, uid, now, processes, beginWait } = options;
  const adding = hasAdditions(changes);
  if (adding) await makeFolder(folder, 0o700);
  else if (!wouldRemove(changes, options)) return;
  if (checkPrivateFolder(folder, uid).kind !== 'usable') return;

  const temporaries = createTemporaries({ now, uid, processes: await processes?.(), beginWait });
  const replace = async (): Promise<void> => {
    const [document, readKey] = readCache(options);
    if (readKey === undefined ? !adding : isKnown(document, readKey)) return;
    const key = readKey ?? randomBytes(KEY_BYTES);
    if (readKey === undefined) await writeCacheFile(join(folder, KEY_FILE), key, temporaries);
    const next = withAdded(withoutRemoved(document, changes), learnt, key);
    await writeCacheFile(
      join(folder, TOKENS_FILE),
      printDocument(withinLimits(withoutExpired(next, now()))),
      temporaries,
    );
  };
  const isKnown = (document: TokenDocument, key: Buffer): boolean =>
    isKnownTo(withoutExpired(document, now()), learnt, key);
  const [document, key] = readCache(options);
  if (key !== undefined && isKnown(document, key)) return;
  await temporaries.sweep(folder);
  await withFileLock(join(folder, LOCK), replace, {
    signal: AbortSignal.timeout(LOCK_PATIENCE_MS),
    mode: 0o600,
    temporaries,
  });
}

/** A run that only removes records needs no lock or write access if they do not exist. */
function wouldRemove(changes: TokenChanges, options: CacheLocation): boolean {
  const { folder, uid } = options;
  if (checkPrivateFolder(folder, uid).kind !== 'usable') return false;
  const [document] = readCache(options);
  return withoutRemoved(document, changes) !== document;
}

/** Not durable: an empty cache after a power cut is harmless, and a sync is slow. */
async function writeCacheFile(
  path: string,
  data: string | Uint8Array,
  temporaries: Temporaries,
): Promise<void> {
  const temporary = temporaries.name();
  await writeFileAtomic(path, data, { mode: 0o600, durable: false, temporary });
}
