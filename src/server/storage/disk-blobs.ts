import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Digest } from '../../oci/digest.ts';
import { closedBy } from '../../util/bytes.ts';
import type { RepositoryName } from '../names.ts';
import { adoptBlob, digestsBelow } from './adopt.ts';
import { DamagedContentError } from './damage.ts';
import { ifExists, isThere, removeEmptyFolders, removeFile, type DiskPaths } from './disk-paths.ts';
import type { Integrity } from './integrity.ts';
import type { KeyedLock } from './keyed-lock.ts';
import { renewedAt, type Links, type Renew } from './renewal.ts';
import type { BlobStorage, StoredBlob } from './types.ts';

/** Blobs up to this size are verified once before their first byte is sent. */
const CHECKED_FIRST_BYTES = 64n * 1024n * 1024n;

export interface DiskBlobsOptions {
  readonly paths: DiskPaths;
  /** Keyed by digest, because a blob and its links change together. */
  readonly locked: KeyedLock;
  readonly integrity: Integrity;
  readonly repositories: () => Promise<readonly RepositoryName[]>;
  readonly renew: Renew;
  readonly links: Links;
}

/**
 * Stores each blob as one file. A repository that has it keeps an empty file of the same name, and
 * removing the last of these removes the blob. Also reads blobs that layout 1 left in a repository.
 */
export function diskBlobs(options: DiskBlobsOptions): BlobStorage {
  const { paths, locked, integrity, repositories, renew, links } = options;
  /** Calls `use` with the shared path, or with that of layout 1 if the blob was not moved yet. */
  const access = async <T>(
    name: RepositoryName,
    digest: Digest,
    use: (path: string) => Promise<T>,
  ): Promise<T | undefined> => {
    const isShared = await isThere(paths.content(name, '_links', digest));
    const shared = isShared ? await ifExists(use(paths.blob(digest))) : undefined;
    return shared ?? ifExists(use(paths.content(name, '_blobs', digest)));
  };
  const openBlob = (name: RepositoryName, digest: Digest) =>
    access(name, digest, (path) => open(path, 'r'));
  const isLinked = async (digest: Digest): Promise<boolean> => {
    for (const name of await repositories()) {
      if (await isThere(paths.content(name, '_links', digest))) return true;
    }
    return false;
  };

  const size: BlobStorage['size'] = async (name, digest) => {
    const stats = await access(name, digest, (path) => stat(path, { bigint: true }));
    if (stats === undefined) return undefined;
    const known = integrity.known(stats, digest);
    const isIntact =
      known ?? (stats.size > CHECKED_FIRST_BYTES || (await verify(name, digest)) === 'intact');
    return isIntact ? Number(stats.size) : undefined;
  };
  const verify: BlobStorage['verify'] = async (name, digest) => {
    const file = await openBlob(name, digest);
    if (file === undefined) {
      return (await isThere(paths.content(name, '_links', digest))) ? 'damaged' : 'absent';
    }
    try {
      return (await integrity.isIntact(file, digest)) ? 'intact' : 'damaged';
    } finally {
      await file.close();
    }
  };

  /** The files by which a repository has a blob: the link, or the blob itself in layout 1. */
  const held = (name: RepositoryName, digest: Digest): readonly string[] => [
    paths.content(name, '_links', digest),
    paths.content(name, '_blobs', digest),
  ];
  const isIdle: BlobStorage['isIdle'] = async (name, digest, before) => {
    const found = await Promise.all(held(name, digest).map((path) => ifExists(stat(path))));
    const times = found.filter((stats) => stats !== undefined).map(renewedAt);
    return times.length > 0 && times.every((time) => time < before);
  };
  const unlink = async (name: RepositoryName, digest: Digest): Promise<boolean> => {
    let removed = false;
    for (const path of held(name, digest)) {
      removed = (await removeFile(path)) || removed;
      await removeEmptyFolders(dirname(path), paths.root);
    }
    return removed;
  };

  return {
    size,
    verify,
    isIdle,
    renew: (name, digest) =>
      locked(digest, async () => {
        const bytes = await size(name, digest);
        if (bytes !== undefined) await renew(paths.content(name, '_links', digest));
        return bytes;
      }),
    async read(name, digest, range) {
      const file = await openBlob(name, digest);
      if (file === undefined) return undefined;
      try {
        const stats = await file.stat({ bigint: true });
        const known = integrity.known(stats, digest);
        if (known === undefined && range === undefined && stats.size > CHECKED_FIRST_BYTES) {
          return closedBy(integrity.checked(file, stats, digest), () => file.close());
        }
        if (!(known ?? (await integrity.isIntact(file, digest)))) {
          throw new DamagedContentError('blob', digest);
        }
        const { first: start, last: end } = range ?? {};
        return closedBy(file.createReadStream({ start, end }), () => file.close());
      } catch (error) {
        await file.close();
        throw error;
      }
    },
    mount: (from, to, digest) =>
      locked(digest, async () => {
        if ((await size(from, digest)) === undefined) return false;
        await adoptBlob(paths, from, digest);
        await links.add(to, digest);
        return true;
      }),
    remove: (name, digest) =>
      locked(digest, async () => {
        const removed = await unlink(name, digest);
        if (removed && !(await isLinked(digest))) await removeFile(paths.blob(digest));
        return removed;
      }),
    async list(name) {
      const found = new Set<Digest>();
      for (const kind of ['_links', '_blobs'] as const) {
        for (const digest of await digestsBelow(paths.kind(name, kind))) found.add(digest);
      }
      return [...found].sort();
    },
    unlink: (name, digest, before) =>
      locked(digest, async () => (await isIdle(name, digest, before)) && unlink(name, digest)),
    sweep() {
      const linked = links.observe();
      return {
        blobs: () => storedBlobs(paths),
        remove: (digest, before) =>
          locked(digest, async () => {
            if (linked.has(digest)) return false;
            const stats = await ifExists(stat(paths.blob(digest)));
            if (stats !== undefined && renewedAt(stats) >= before) return false;
            return stats === undefined || removeFile(paths.blob(digest));
          }),
        [Symbol.dispose]: () => linked[Symbol.dispose](),
      };
    },
  };
}

async function storedBlobs(paths: DiskPaths): Promise<readonly StoredBlob[]> {
  const found: StoredBlob[] = [];
  for (const digest of await digestsBelow(paths.blobs)) {
    const stats = await ifExists(stat(paths.blob(digest)));
    if (stats !== undefined) found.push({ digest, size: stats.size, written: renewedAt(stats) });
  }
  return found;
}
