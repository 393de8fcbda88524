import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../names.ts';
import { renamePatiently } from '../../util/atomic-file.ts';
import {
  encodePart,
  ifExists,
  inFolder,
  isThere,
  publish,
  removeEmptyFolders,
  removeFile,
  type DiskPaths,
} from './disk-paths.ts';
import { hashOf } from './integrity.ts';

/**
 * Moves the content that layout 1 kept in a repository to where all repositories share it. The
 * link comes first: whoever is killed in between leaves the content where it is found.
 */
export async function adoptBlob(
  paths: DiskPaths,
  name: RepositoryName,
  digest: Digest,
): Promise<void> {
  const old = paths.content(name, '_blobs', digest);
  if (!(await isThere(old))) return;
  await linkBlob(paths, name, digest);
  const shared = paths.blob(digest);
  if (await isKept(old, shared, digest)) await removeFile(old);
  else await publish(old, shared);
  await removeEmptyFolders(dirname(old), paths.root);
}

/** Notes that a repository has a blob whose content is there, or about to be. */
export async function linkBlob(
  paths: DiskPaths,
  name: RepositoryName,
  digest: Digest,
): Promise<void> {
  const path = paths.content(name, '_links', digest);
  const file = await inFolder(dirname(path), () => open(path, 'a'));
  await file.close();
}

/** Layout 1 had the directories of reserved names (`aux`) as they are. */
export async function escapeReserved(directory: string): Promise<void> {
  for (const entry of (await ifExists(readdir(directory, { withFileTypes: true }))) ?? []) {
    if (!entry.isDirectory() || entry.name.startsWith('_')) continue;
    const old = join(directory, entry.name);
    const now = join(directory, encodePart(entry.name));
    if (now !== old && !(await isThere(now))) await renamePatiently(old, now);
    await escapeReserved(now);
  }
}

/** Moves all that layout 1 kept in repositories. */
export async function adoptAll(
  paths: DiskPaths,
  repositories: readonly RepositoryName[],
): Promise<void> {
  for (const name of repositories) {
    for (const digest of await digestsBelow(paths.kind(name, '_blobs'))) {
      await adoptBlob(paths, name, digest);
    }
  }
}

/** Names of files below a folder that are digests: `sha256/0123…`. */
export async function digestsBelow(folder: string): Promise<readonly Digest[]> {
  const found: Digest[] = [];
  for (const algorithm of (await ifExists(readdir(folder))) ?? []) {
    for (const hex of (await ifExists(readdir(join(folder, algorithm)))) ?? []) {
      const digest = `${algorithm}:${hex}`;
      if (isDigest(digest)) found.push(digest);
    }
  }
  return found;
}

/** Whether the shared content serves as well: the same file, or the right bytes. */
async function isKept(old: string, shared: string, digest: Digest): Promise<boolean> {
  const file: FileHandle | undefined = await ifExists(open(shared, 'r'));
  if (file === undefined) return false;
  try {
    const [one, other] = [await stat(old), await file.stat()];
    if (one.ino === other.ino && one.dev === other.dev) return true;
    return (await hashOf(file, digest)) === digest;
  } finally {
    await file.close();
  }
}
