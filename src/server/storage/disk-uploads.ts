import { writeAll } from '../../util/regular-file.ts';
import { randomUUID } from 'node:crypto';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { closedBy } from '../../util/bytes.ts';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import {
  ifExists,
  inFolder,
  isUploadId,
  publish,
  removeEmptyFolders,
  removeFile,
  type DiskPaths,
} from './disk-paths.ts';
import { createRunningHashes, hashOf, type Integrity } from './integrity.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { RepositoryName } from '../names.ts';
import type { Links } from './renewal.ts';
import type { UploadSession, UploadStorage } from './types.ts';
import { createUploadTakeover } from './takeover.ts';

export interface DiskUploadsOptions {
  readonly paths: DiskPaths;
  readonly locked: KeyedLock;
  readonly integrity: Integrity;
  readonly links: Links;
  /** Repositories that have upload sessions. */
  readonly uploading: () => Promise<readonly RepositoryName[]>;
}

/** Stores each session as one file whose size is the offset, so that it survives a restart. */
export function diskUploads(options: DiskUploadsOptions): UploadStorage {
  const { paths, locked, integrity, links, uploading } = options;
  const takeover = createUploadTakeover();
  const hashes = createRunningHashes();
  const discard = async (path: string): Promise<boolean> => {
    const removed = await removeFile(path);
    await removeEmptyFolders(dirname(path), paths.root);
    return removed;
  };
  const list = async (): Promise<readonly UploadSession[]> => {
    const found: UploadSession[] = [];
    for (const repository of await uploading()) {
      for (const id of (await ifExists(readdir(paths.kind(repository, '_uploads')))) ?? []) {
        const stats = isUploadId(id)
          ? await ifExists(stat(paths.upload(repository, id)))
          : undefined;
        if (stats !== undefined) {
          found.push({ repository, id, size: stats.size, touched: stats.mtime });
        }
      }
    }
    return found;
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
              const written = writeAll(file, chunk, offset);
              hashes.add(id, offset, chunk);
              await written;
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
          size = await sizeIfDigest(file, digest, (at) => hashes.take(id, at));
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
          await links.add(name, digest);
        });
        await removeEmptyFolders(dirname(path), paths.root);
        return { kind: 'stored', size };
      });
    },
    async read(name, id, { first, last }) {
      const file = isUploadId(id) ? await ifExists(open(paths.upload(name, id), 'r')) : undefined;
      if (file === undefined) return undefined;
      return closedBy(file.createReadStream({ start: first, end: last }), () => file.close());
    },
    async cancel(name, id) {
      if (!isUploadId(id)) return false;
      takeover.requestTakeover(paths.upload(name, id));
      return locked(id, () => discard(paths.upload(name, id)));
    },
    list,
    async expire(before) {
      let count = 0;
      for (const { repository, id, touched } of await list()) {
        if (touched >= before) continue;
        const path = paths.upload(repository, id);
        takeover.requestTakeover(path);
        const removed = await locked(id, async () => {
          const stats = await ifExists(stat(path));
          return stats !== undefined && stats.mtime < before && discard(path);
        });
        if (removed) count += 1;
      }
      return count;
    },
  };
}

/** Syncs the file and returns its size in bytes; `undefined` if the digest of its data differs. */
async function sizeIfDigest(
  file: FileHandle,
  digest: Digest,
  received: (size: number) => Digest | undefined,
): Promise<number | undefined> {
  const { size } = await file.stat();
  const known = algorithmOf(digest) === 'sha256' ? received(size) : undefined;
  if ((known ?? (await hashOf(file, digest))) !== digest) return undefined;
  await file.sync();
  return size;
}
