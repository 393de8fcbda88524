import { randomBytes } from 'node:crypto';
import { lstat, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BeginWait, UNTOLD } from './abort.ts';

/** The processes of this machine. */
export interface ProcessNames {
  /** Name of this process, unique among all that may ever share a directory: letters, digits and "-". */
  readonly self: string;
  /** Whether the process of that name still runs; undefined if this machine cannot tell. */
  isRunning(name: string): Promise<boolean | undefined>;
}

export interface TemporariesOptions {
  /** Absent: names do not identify their process, and nothing is ever swept. */
  readonly processes?: ProcessNames | undefined;
  /** User ID of this process; undefined if the system has none. */
  readonly uid?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly beginWait?: BeginWait | undefined;
}

/** Temporary files and directories: removed by their process, or swept later if it was killed. */
export interface Temporaries {
  /** A new name for a file in any directory. */
  name(): string;
  /** Prefix for a directory made by `mkdtemp`. */
  readonly prefix: string;
  /** Removes what killed processes left in a directory, once per directory. Never rejects. */
  sweep(folder: string): Promise<void>;
  /** A name for the holder of a lock; each call gives another. */
  holder(): string;
  /** Whether a holder still runs; undefined if this machine cannot tell. */
  isRunning(holder: string): Promise<boolean | undefined>;
  /** Receives the holders that are waited for. */
  readonly beginWait: BeginWait;
}

/** How long a process that this machine cannot see may still be working. */
const MAX_AGE_MS = 24 * 60 * 60_000;
const FILE = /^\.regctl-([0-9a-z-]{1,100})-[0-9a-f]{16}\.tmp$/u;
const FOLDER = /^regctl-layers\.([0-9a-z-]{1,100})\.[0-9A-Za-z]{6}$/u;
const HOLDER = /^([0-9a-z-]{1,100}) [0-9a-f]{16}$/u;

export function isTemporaryName(name: string): boolean {
  return FILE.test(name);
}

const random = (): string => randomBytes(8).toString('hex');

export function createTemporaries(options: TemporariesOptions): Temporaries {
  const { processes } = options;
  const own = processes?.self ?? 'unnamed';
  const swept = new Set<string>();
  return {
    name: () => `.regctl-${own}-${random()}.tmp`,
    prefix: `regctl-layers.${own}.`,
    async sweep(folder) {
      if (processes === undefined || swept.has(folder)) return;
      swept.add(folder);
      for (const name of await readdir(folder).catch(() => [])) {
        const owner = (FILE.exec(name) ?? FOLDER.exec(name))?.[1];
        if (owner === undefined || owner === own) continue;
        await removeDead(join(folder, name), owner, { ...options, processes }).catch(
          () => undefined,
        );
      }
    },
    beginWait: options.beginWait ?? UNTOLD,
    holder: () => `${own} ${random()}`,
    async isRunning(holder) {
      const owner = HOLDER.exec(holder)?.[1];
      if (processes === undefined || owner === undefined) return undefined;
      return owner === own ? true : processes.isRunning(owner);
    },
  };
}

/** For a caller that does not identify its process: nothing is swept. */
export function plainTemporaries(): Temporaries {
  return createTemporaries({ now: () => 0 });
}

/**
 * Another user's directory is not touched: a link in it could lead elsewhere while it is emptied.
 */
async function removeDead(
  path: string,
  owner: string,
  { processes, uid, now }: TemporariesOptions & { readonly processes: ProcessNames },
): Promise<void> {
  const found = await lstat(path);
  if (uid !== undefined && found.uid !== uid) return;
  const alive = (await processes.isRunning(owner)) ?? now() - found.mtimeMs < MAX_AGE_MS;
  if (!alive) await rm(path, { recursive: found.isDirectory(), force: true });
}

/** Makes the names in a directory survive a power cut, where the system supports it. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync().catch(() => undefined);
  } finally {
    await handle?.close();
  }
}
