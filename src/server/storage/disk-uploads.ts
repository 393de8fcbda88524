import { writeAll } from '../../util/regular-file.ts';
import { createHash, randomUUID } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import { isUploadId, publish, removeFile, ifExists, type DiskPaths } from './disk-paths.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { UploadStorage } from './types.ts';
import { createUploadTakeover } from './takeover.ts';
import { makeFolder } from '../../util/make-folder.ts';

const READ_BYTES = 1024 * 1024;

/** A session is one file whose size is the offset, so that it survives a restart. */
export function diskUploads(paths: DiskPaths, locked: KeyedLock): UploadStorage {
  const takeover = createUploadTakeover();
  return {
    async create(name) {
      const id = randomUUID();
      const path = paths.upload(name, id);
      await makeFolder(dirname(path));
      await (await open(path, 'wx')).close();
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
          await removeFile(path);
          return { kind: 'mismatch' };
        }
        await publish(path, paths.content(name, '_blobs', digest));
        return { kind: 'stored', size };
      });
    },
    async cancel(name, id) {
      if (!isUploadId(id)) return false;
      takeover.requestTakeover(paths.upload(name, id));
      return locked(id, () => removeFile(paths.upload(name, id)));
    },
  };
}

/** Hashes what the disk gives back, not what was meant to be written; synced when it is right. */
async function sizeIfDigest(file: FileHandle, digest: Digest): Promise<number | undefined> {
  const hash = createHash(algorithmOf(digest));
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let size = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, size);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    size += bytesRead;
  }
  if (`${algorithmOf(digest)}:${hash.digest('hex')}` !== digest) return undefined;
  await file.sync();
  return size;
}
