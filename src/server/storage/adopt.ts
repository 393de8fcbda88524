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
 * Moves a blob from its repository (layout 1) to the shared directory (layout 2). Writes the link
 * first, so that the blob is still found if the process is killed in between.
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

/** Links a repository to a blob that is stored, or about to be. */
export async function linkBlob(
  paths: DiskPaths,
  name: RepositoryName,
  digest: Digest,
): Promise<void> {
  const path = paths.content(name, '_links', digest);
  const file = await inFolder(dirname(path), () => open(path, 'a'));
  await file.close();
}

/** Renames the directories of reserved names (`aux`), which layout 1 did not escape. */
export async function escapeReserved(directory: string): Promise<void> {
  for (const entry of (await ifExists(readdir(directory, { withFileTypes: true }))) ?? []) {
    if (!entry.isDirectory() || entry.name.startsWith('_')) continue;
    const old = join(directory, entry.name);
    const now = join(directory, encodePart(entry.name));
    if (now !== old && !(await isThere(now))) await renamePatiently(old, now);
    await escapeReserved(now);
  }
}

/** Moves every blob of layout 1 to the shared directory. */
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

/** Digests of the files below a directory that are named `ALGORITHM/HEX`. */
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

/** Whether the shared file can replace the old one: the same file, or the right bytes. */
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
