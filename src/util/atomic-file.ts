import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from './errno.ts';

export interface AtomicWriteOptions {
  /** Permission bits, applied exactly, whatever the umask. Default: 0o644 less the umask. */
  readonly mode?: number | undefined;
  /** The owner to keep. Where the system forbids that, group and others lose access instead. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** False: after a power cut the file may be empty, which is fine for a cache. Default: true. */
  readonly durable?: boolean | undefined;
  /** Name of the temporary file. Default: a random one. */
  readonly temporary?: string | undefined;
}

/** What a file is written from. */
export type FileData = Uint8Array | string | AsyncIterable<Uint8Array>;

/** Replaces `path` as a whole or not at all: a temporary file next to it, fsync, rename. */
export async function writeFileAtomic(
  path: string,
  data: FileData,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const name = options.temporary ?? `.${randomBytes(8).toString('hex')}.tmp`;
  const temporary = join(dirname(path), name);
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o644);
    try {
      await setAccess(file, options);
      await file.writeFile(data);
      if (options.durable !== false) await file.sync();
    } finally {
      await file.close();
    }
    await renamePatiently(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function setAccess(file: FileHandle, { mode, owner }: AtomicWriteOptions): Promise<void> {
  const kept = owner === undefined || (await tryChown(file, owner));
  if (mode !== undefined) await file.chmod(kept ? mode : mode & 0o700);
}

async function tryChown(
  file: FileHandle,
  owner: { readonly uid: number; readonly gid: number },
): Promise<boolean> {
  const now = await file.stat();
  if (now.uid === owner.uid && now.gid === owner.gid) return true;
  try {
    await file.chown(owner.uid, owner.gid);
    return true;
  } catch {
    return false;
  }
}

/** On Windows, virus scanners and indexers hold a newly written file open for a moment. */
const HELD: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'EBUSY']);
const PATIENCE_MS = 2000;
const FIRST_WAIT_MS = 10;

export interface Patience {
  /** Default: on Windows only; elsewhere these errors are answers. */
  readonly patient?: boolean | undefined;
  readonly wait?: ((ms: number) => Promise<unknown>) | undefined;
}

/** Repeats a step for up to two seconds while another program holds the file. */
export async function patiently<T>(
  step: () => Promise<T>,
  { patient = sep === '\\', wait = delay }: Patience = {},
): Promise<T> {
  for (let waited = 0, next = FIRST_WAIT_MS; ; waited += next, next *= 2) {
    try {
      return await step();
    } catch (error) {
      if (!patient || waited >= PATIENCE_MS || !HELD.has(errnoOf(error) ?? '')) throw error;
    }
    await wait(Math.min(next, PATIENCE_MS - waited));
  }
}

export function renamePatiently(from: string, to: string): Promise<void> {
  return patiently(() => rename(from, to));
}
