import { randomBytes } from 'node:crypto';
import { lstat, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BeginWait, UNTOLD } from './abort.ts';

/** Who runs on this machine. */
export interface ProcessNames {
  /** This process among all that may ever share a folder: letters, digits and "-". */
  readonly self: string;
  /** Whether the process of that name still runs; undefined where that cannot be seen from here. */
  isRunning(name: string): Promise<boolean | undefined>;
}

export interface TemporariesOptions {
  /** Absent: names say nothing of their process, and nothing is ever swept. */
  readonly processes?: ProcessNames | undefined;
  /** User id of this process; undefined where the system has none. */
  readonly uid?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly beginWait?: BeginWait | undefined;
}

/** Files and folders that are to be gone when their process is, and are swept if it was killed. */
export interface Temporaries {
  /** A new name for a file in whatever folder. */
  name(): string;
  /** How the name of a folder begins that `mkdtemp` makes. */
  readonly prefix: string;
  /**
   * Removes what killed processes left in a folder, the first time it is asked for it. Never
   * rejects.
   */
  sweep(folder: string): Promise<void>;
  /** Who holds a lock: differs for every call. */
  holder(): string;
  /** Whether a holder still runs; undefined where that cannot be seen from here. */
  isRunning(holder: string): Promise<boolean | undefined>;
  /** Told of the holders that are waited for. */
  readonly beginWait: BeginWait;
}

/** A process that cannot be seen from here may be at its work for so long. */
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

/** For a caller that does not name its process: nothing is swept. */
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

/**
 * After a power cut too, the names in a folder are those of now. Systems without this do without.
 */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync().catch(() => undefined);
  } finally {
    await handle?.close();
  }
}
