import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { checkPrivateFolder, readPrivateFile } from '../../config/files/ownership.ts';
import { cacheFolder, isCacheEnabled } from '../../config/files/user-folders.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { isRecord } from '../../util/json.ts';
import { makeFolder } from '../../util/make-folder.ts';
import type { Io } from '../io.ts';

const KEPT_MS = 5 * 60_000;
const MAX_BYTES = 4 * 1024 * 1024;

/** Names of a registry, kept for five minutes in a file that only this user can read. */
export interface KeptNames {
  read(): readonly string[] | undefined;
  /** Never throws: without the file, the next completion asks the registry again. */
  write(names: readonly string[]): Promise<void>;
}

/** `key` says what was asked for, and with which login. */
export function keptNames(io: Pick<Io, 'env' | 'home' | 'uid' | 'now'>, key: string): KeptNames {
  const base = isCacheEnabled(io.env) ? cacheFolder(io.env, io.home) : undefined;
  const folder = base === undefined ? undefined : join(base, 'completion');
  const file = `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`;
  const isUsable = (path: string): boolean => checkPrivateFolder(path, io.uid).kind === 'usable';
  return {
    read() {
      try {
        if (folder === undefined || !isUsable(folder)) return undefined;
        const limits = { uid: io.uid, maxBytes: MAX_BYTES };
        const bytes = readPrivateFile(join(folder, file), limits);
        const kept: unknown = JSON.parse(bytes?.toString('utf8') ?? 'null');
        if (!isRecord(kept) || typeof kept['at'] !== 'number') return undefined;
        const age = io.now().getTime() - kept['at'];
        if (age < 0 || age > KEPT_MS || !Array.isArray(kept['names'])) return undefined;
        return kept['names'].filter((name) => typeof name === 'string');
      } catch {
        return undefined;
      }
    },
    async write(names) {
      try {
        if (folder === undefined) return;
        await makeFolder(folder, 0o700);
        if (!isUsable(folder)) return;
        const text = JSON.stringify({ at: io.now().getTime(), names });
        await writeFileAtomic(join(folder, file), text, { mode: 0o600, durable: false });
      } catch {
        // A cache that cannot be written is no cache.
      }
    },
  };
}
