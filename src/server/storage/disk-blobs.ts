import { renamePatiently } from '../../util/atomic-file.ts';
import { errnoOf } from '../../util/errno.ts';
import { copyFile, link, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeFile, temporaryBeside, ifExists, type DiskPaths } from './disk-paths.ts';
import type { BlobStorage } from './types.ts';
import { makeFolder } from '../../util/make-folder.ts';

/** One file per repository and blob; a mount is a hard link, so the last link's removal frees the space. */
export function diskBlobs(paths: DiskPaths): BlobStorage {
  return {
    async size(name, digest) {
      return (await ifExists(stat(paths.content(name, '_blobs', digest))))?.size;
    },
    async read(name, digest, range) {
      const file = await ifExists(open(paths.content(name, '_blobs', digest), 'r'));
      return file?.createReadStream(
        range === undefined ? {} : { start: range.first, end: range.last },
      );
    },
    async mount(from, to, digest) {
      const source = paths.content(from, '_blobs', digest);
      if ((await ifExists(stat(source))) === undefined) return false;
      const target = paths.content(to, '_blobs', digest);
      await makeFolder(dirname(target));
      return (await ifExists(linkOrCopy(source, target).then(() => true))) ?? false;
    },
    remove: (name, digest) => removeFile(paths.content(name, '_blobs', digest)),
  };
}

const NO_HARD_LINKS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
  'EXDEV',
]);

async function linkOrCopy(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST') return;
    if (!NO_HARD_LINKS.has(code)) throw error;
    await copyAtomic(source, target);
  }
}

async function copyAtomic(source: string, target: string): Promise<void> {
  const temporary = temporaryBeside(target);
  try {
    await copyFile(source, temporary);
    const file = await open(temporary, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await renamePatiently(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
