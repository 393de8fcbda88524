import { writeAll } from '../../util/regular-file.ts';
import { randomUUID } from 'node:crypto';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Digest } from '../../oci/digest.ts';
import { linkBlob } from './adopt.ts';
import {
  ifExists,
  inFolder,
  isUploadId,
  publish,
  removeEmptyFolders,
  removeFile,
  type DiskPaths,
} from './disk-paths.ts';
import { hashOf, type Integrity } from './integrity.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { RepositoryName } from '../names.ts';
import type { UploadStorage } from './types.ts';
import { createUploadTakeover } from './takeover.ts';

export interface DiskUploadsOptions {
  readonly paths: DiskPaths;
  readonly locked: KeyedLock;
  readonly integrity: Integrity;
  /** Repositories that have upload sessions. */
  readonly uploading: () => Promise<readonly RepositoryName[]>;
}

/** Stores each session as one file whose size is the offset, so that it survives a restart. */
export function diskUploads(options: DiskUploadsOptions): UploadStorage {
  const { paths, locked, integrity, uploading } = options;
  const takeover = createUploadTakeover();
  const discard = async (path: string): Promise<boolean> => {
    const removed = await removeFile(path);
    await removeEmptyFolders(dirname(path), paths.root);
    return removed;
  };
  return {
    async create(name) {
      const id = randomUUID();
      const path = paths.upload(name, id);
      const file = await inFolder(dirname(path), () => open(path, 'wx'));
      await file.close();
      return id;
    },
    async offset(name, id) {
      if (!isUploadId(id)) return undefined;
      return (await ifExists(stat(paths.upload(name, id))))?.size;
    },
    async append(name, id, body, at) {
      if (!isUploadId(id)) return { kind: 'unknown' };
      return takeover.run(paths.upload(name, id), body, (bytes) =>
        locked(id, async () => {
          const file = await ifExists(open(paths.upload(name, id), 'r+'));
          if (file === undefined) return { kind: 'unknown' };
          try {
            let { size: offset } = await file.stat();
            if (at !== undefined && at !== offset) return { kind: 'out-of-order', offset };
            for await (const chunk of bytes) {
              await writeAll(file, chunk, offset);
              offset += chunk.byteLength;
            }
            return { kind: 'appended', offset };
          } finally {
            await file.close();
          }
        }),
      );
    },
    async finish(name, id, digest) {
      if (!isUploadId(id)) return { kind: 'unknown' };
      return locked(id, async () => {
        const path = paths.upload(name, id);
        const file = await ifExists(open(path, 'r+'));
        if (file === undefined) return { kind: 'unknown' };
        let size: number | undefined;
        try {
          size = await sizeIfDigest(file, digest);
        } finally {
          await file.close();
        }
        if (size === undefined) {
          await discard(path);
          return { kind: 'mismatch' };
        }
        await locked(digest, async () => {
          // Also repairs a damaged blob for every repository that links to it.
          await publish(path, paths.blob(digest));
          integrity.learn(await stat(paths.blob(digest), { bigint: true }), digest, true);
          await linkBlob(paths, name, digest);
        });
        await removeEmptyFolders(dirname(path), paths.root);
        return { kind: 'stored', size };
      });
    },
    async cancel(name, id) {
      if (!isUploadId(id)) return false;
      takeover.requestTakeover(paths.upload(name, id));
      return locked(id, () => discard(paths.upload(name, id)));
    },
    async expire(before) {
      const isOld = async (path: string): Promise<boolean> =>
        ((await ifExists(stat(path)))?.mtime ?? before) < before;
      let count = 0;
      for (const name of await uploading()) {
        for (const id of (await ifExists(readdir(paths.kind(name, '_uploads')))) ?? []) {
          const path = isUploadId(id) ? paths.upload(name, id) : undefined;
          if (path === undefined || !(await isOld(path))) continue;
          takeover.requestTakeover(path);
          const removed = await locked(id, async () => (await isOld(path)) && discard(path));
          if (removed) count += 1;
        }
      }
      return count;
    },
  };
}

/** Syncs the file and returns its size in bytes; `undefined` if the digest of its data differs. */
async function sizeIfDigest(file: FileHandle, digest: Digest): Promise<number | undefined> {
  if ((await hashOf(file, digest)) !== digest) return undefined;
  await file.sync();
  return (await file.stat()).size;
}
