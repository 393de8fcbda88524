import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { judgeFolder } from '../../../config/files/user-folders.ts';
import { withFileLock } from '../../../config/files/lock.ts';
import { writeFileAtomic } from '../../../util/atomic-file.ts';
import { type Changes, extended, isAdding, reduced } from './changes.ts';
import { bounded, live, printDocument } from './format.ts';
import { FILE, KEY, KEY_BYTES, readAll, type CachePlace } from './read.ts';
import { makeFolder } from '../../../util/make-folder.ts';

const LOCK = 'tokens.lock';
/** The lock is held for milliseconds; a cache is not worth a longer wait. */
const LOCK_STALE_MS = 1000;
const LOCK_PATIENCE_MS = 5000;

export interface MergeOptions extends CachePlace {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Brings what one run has learnt into the newest file. Kept apart from reading, because most runs
 * have nothing to write and need not load it. @throws system errors; the old file is then untouched
 */
export async function merge(changes: Changes, options: MergeOptions): Promise<void> {
  const { folder, uid, now } = options;
  const adding = isAdding(changes);
  if (adding) await makeFolder(folder, 0o700);
  else if (!wouldReduce(changes, options)) return;
  if (judgeFolder(folder, uid).kind !== 'usable') return;

  const replace = async (): Promise<void> => {
    const [document, readKey] = readAll(options);
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
function wouldReduce(changes: Changes, options: CachePlace): boolean {
  const { folder, uid } = options;
  if (judgeFolder(folder, uid).kind !== 'usable') return false;
  const [document] = readAll(options);
  return reduced(document, changes) !== document;
}

/** A cache bears an empty file after a power cut, and waiting for the disk would be felt. */
async function put(path: string, data: string | Uint8Array): Promise<void> {
  await writeFileAtomic(path, data, { mode: 0o600, durable: false });
}
