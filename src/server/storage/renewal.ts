import type { Stats } from 'node:fs';
import { stat, utimes } from 'node:fs/promises';
import type { Digest } from '../../oci/digest.ts';
import { errnoOf } from '../../util/errno.ts';
import type { RepositoryName } from '../names.ts';
import { linkBlob } from './adopt.ts';
import { ifExists, type DiskPaths } from './disk-paths.ts';

/** Times that cannot be changed do no harm: whoever collects garbage needs the right to. */
const CANNOT_WRITE = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Marks a file as needed by a push now, by its ctime: its mtime is that of its push, and reading it
 * may change its atime. Returns false if it does not exist.
 */
export async function renewFile(path: string): Promise<boolean> {
  const stats = await ifExists(stat(path));
  if (stats === undefined) return false;
  try {
    return (await ifExists(utimes(path, stats.atime, stats.mtime).then(() => true))) ?? false;
  } catch (error) {
    if (!CANNOT_WRITE.has(errnoOf(error) ?? '')) throw error;
    return true;
  }
}

/** `renewFile`, or without a right to write only whether the file exists. */
export type Renew = (path: string) => Promise<boolean>;

/** When a file was last written or renewed. */
export function renewedAt({ ctime }: Stats): Date {
  return ctime;
}

/** The empty files by which repositories have blobs. */
export interface Links {
  /** Links a repository to a blob that is stored, or about to be; renews an existing link. */
  add(name: RepositoryName, digest: Digest): Promise<void>;
  /** The digests that are linked from now on, until it is disposed. */
  observe(): ReadonlySet<Digest> & Disposable;
}

export function createLinks(paths: DiskPaths): Links {
  const observers = new Set<Set<Digest>>();
  return {
    async add(name, digest) {
      for (const observer of observers) observer.add(digest);
      await linkBlob(paths, name, digest);
      await renewFile(paths.content(name, '_links', digest));
    },
    observe() {
      const seen = new Set<Digest>();
      observers.add(seen);
      return Object.assign(seen, { [Symbol.dispose]: () => observers.delete(seen) });
    },
  };
}
