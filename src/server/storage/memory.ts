import { randomUUID } from 'node:crypto';
import { algorithmOf, digestOf, type Digest } from '../../oci/digest.ts';
import { bytesOf, concat, type Bytes } from '../../util/bytes.ts';
import { createKeyedLock, type KeyedLock } from './keyed-lock.ts';
import type { RepositoryName, Tag } from '../names.ts';
import { createUploadTakeover } from './takeover.ts';
import type {
  BlobStorage,
  ManifestStorage,
  Storage,
  StoredManifest,
  UploadStorage,
} from './types.ts';

interface MemoryBlob {
  readonly data: Uint8Array;
  /** Milliseconds since the epoch, as every time here. */
  readonly renewed: number;
}

interface MemoryManifest {
  readonly stored: StoredManifest;
  readonly renewed: number;
}

interface MemoryRepository {
  readonly blobs: Map<Digest, MemoryBlob>;
  readonly manifests: Map<Digest, MemoryManifest>;
  readonly tags: Map<Tag, Digest>;
  readonly referrers: Map<Digest, Set<Digest>>;
}

interface Session {
  readonly repository: RepositoryName;
  readonly chunks: Uint8Array[];
  size: number;
  touched: number;
}

type Repositories = Map<RepositoryName, MemoryRepository>;

/**
 * Stores everything in the memory of this process.
 * @example
 * import { createMemoryStorage } from '@regctl/cli/server';
 *
 * const storage = createMemoryStorage();
 * console.log(await storage.repositories()); // []
 */
export function createMemoryStorage(now: () => number = Date.now): Storage {
  const repositories: Repositories = new Map();
  return {
    blobs: memoryBlobs(repositories, now),
    uploads: memoryUploads(repositories, now),
    manifests: memoryManifests(repositories, now, createKeyedLock()),
    repositories: async () => [...repositories.keys()].sort(),
    hasRepository: async (repository) => repositories.has(repository),
  };
}

function openRepository(repositories: Repositories, name: RepositoryName): MemoryRepository {
  const existing = repositories.get(name);
  if (existing !== undefined) return existing;
  const created: MemoryRepository = {
    blobs: new Map(),
    manifests: new Map(),
    tags: new Map(),
    referrers: new Map(),
  };
  repositories.set(name, created);
  return created;
}

/** A repository exists while it has a blob or a manifest. */
function forgetEmpty(repositories: Repositories, name: RepositoryName): void {
  const repository = repositories.get(name);
  if (repository?.blobs.size === 0 && repository.manifests.size === 0) repositories.delete(name);
}

function memoryBlobs(repositories: Repositories, now: () => number): BlobStorage {
  const findBlob = (name: RepositoryName, digest: Digest): MemoryBlob | undefined =>
    repositories.get(name)?.blobs.get(digest);
  const find = (name: RepositoryName, digest: Digest): Uint8Array | undefined =>
    findBlob(name, digest)?.data;
  const remove = (name: RepositoryName, digest: Digest): boolean => {
    const removed = repositories.get(name)?.blobs.delete(digest) ?? false;
    forgetEmpty(repositories, name);
    return removed;
  };
  const isIdle = (name: RepositoryName, digest: Digest, before: Date): boolean =>
    (findBlob(name, digest)?.renewed ?? Infinity) < before.getTime();
  return {
    size: async (name, digest) => find(name, digest)?.byteLength,
    async read(name, digest, range) {
      const data = find(name, digest);
      if (data === undefined) return undefined;
      return bytesOf(range === undefined ? data : data.subarray(range.first, range.last + 1));
    },
    async renew(name, digest) {
      const data = find(name, digest);
      if (data !== undefined) {
        openRepository(repositories, name).blobs.set(digest, { data, renewed: now() });
      }
      return data?.byteLength;
    },
    async mount(from, to, digest) {
      const data = find(from, digest);
      if (data === undefined) return false;
      openRepository(repositories, to).blobs.set(digest, { data, renewed: now() });
      return true;
    },
    verify: async (name, digest) => (find(name, digest) === undefined ? 'absent' : 'intact'),
    remove: async (name, digest) => remove(name, digest),
    list: async (name) => [...(repositories.get(name)?.blobs.keys() ?? [])].sort(),
    isIdle: async (name, digest, before) => isIdle(name, digest, before),
    unlink: async (name, digest, before) => isIdle(name, digest, before) && remove(name, digest),
    // The last repository's blob is the content: nothing is left to remove.
    sweep: () => ({
      async blobs() {
        const sizes = new Map<Digest, number>();
        for (const { blobs } of repositories.values()) {
          for (const [digest, { data }] of blobs) sizes.set(digest, data.byteLength);
        }
        const written = new Date(0);
        return Array.from(sizes, ([digest, size]) => ({ digest, size, written }));
      },
      remove: async (digest) => ![...repositories.values()].some(({ blobs }) => blobs.has(digest)),
      [Symbol.dispose]: () => undefined,
    }),
  };
}

function keyOf(name: string, id: string): string {
  return `${name} ${id}`;
}

async function* sliceOf(chunks: readonly Uint8Array[], from: number, to: number): Bytes {
  let at = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(Math.max(from - at, 0), Math.max(to - at, 0));
    if (part.byteLength > 0) yield part;
    at += chunk.byteLength;
  }
}

function memoryUploads(repositories: Repositories, now: () => number): UploadStorage {
  const sessions = new Map<string, Session>();
  const locked = createKeyedLock();
  const takeover = createUploadTakeover();
  const find = (name: RepositoryName, id: string): Session | undefined => {
    const session = sessions.get(id);
    return session?.repository === name ? session : undefined;
  };
  return {
    async create(repository) {
      const id = randomUUID();
      sessions.set(id, { repository, chunks: [], size: 0, touched: now() });
      return id;
    },
    offset: async (name, id) => find(name, id)?.size,
    append: (name, id, body, at) =>
      takeover.run(keyOf(name, id), body, (bytes) =>
        locked(id, async () => {
          const session = find(name, id);
          if (session === undefined) return { kind: 'unknown' };
          if (at !== undefined && at !== session.size) {
            return { kind: 'out-of-order', offset: session.size };
          }
          for await (const chunk of bytes) {
            session.chunks.push(new Uint8Array(chunk));
            session.size += chunk.byteLength;
            session.touched = now();
          }
          return { kind: 'appended', offset: session.size };
        }),
      ),
    finish: (name, id, digest) =>
      locked(id, async () => {
        const session = find(name, id);
        if (session === undefined) return { kind: 'unknown' };
        sessions.delete(id);
        const data = concat(session.chunks, session.size);
        if (digestOf(data, algorithmOf(digest)) !== digest) return { kind: 'mismatch' };
        openRepository(repositories, name).blobs.set(digest, { data, renewed: now() });
        return { kind: 'stored', size: session.size };
      }),
    async read(name, id, { first, last }) {
      const session = find(name, id);
      return session && sliceOf(session.chunks, first, last + 1);
    },
    cancel(name, id) {
      takeover.requestTakeover(keyOf(name, id));
      return locked(id, async () => find(name, id) !== undefined && sessions.delete(id));
    },
    list: async () =>
      Array.from(sessions, ([id, { repository, size, touched }]) => ({
        repository,
        id,
        size,
        touched: new Date(touched),
      })),
    async expire(before) {
      const isOld = (id: string): boolean =>
        (sessions.get(id)?.touched ?? Infinity) < before.getTime();
      const removed = await Promise.all(
        [...sessions.keys()].filter(isOld).map((id) => {
          takeover.requestTakeover(keyOf(sessions.get(id)?.repository ?? '', id));
          return locked(id, async () => isOld(id) && sessions.delete(id));
        }),
      );
      return removed.filter(Boolean).length;
    },
  };
}

function memoryManifests(
  repositories: Repositories,
  now: () => number,
  locked: KeyedLock,
): ManifestStorage {
  const renew = (name: RepositoryName, stored: StoredManifest): void => {
    const { manifests } = openRepository(repositories, name);
    manifests.set(stored.digest, { stored, renewed: now() });
  };
  const remove = (name: RepositoryName, digest: Digest): boolean => {
    const repository = repositories.get(name);
    if (repository === undefined || !repository.manifests.delete(digest)) return false;
    for (const [tag, target] of repository.tags) {
      if (target === digest) repository.tags.delete(tag);
    }
    for (const [subject, referrers] of repository.referrers) {
      referrers.delete(digest);
      if (referrers.size === 0) repository.referrers.delete(subject);
    }
    forgetEmpty(repositories, name);
    return true;
  };
  return {
    get: async (name, digest) => repositories.get(name)?.manifests.get(digest)?.stored,
    has: async (name, digest) => repositories.get(name)?.manifests.has(digest) ?? false,
    renew: (name, digest) =>
      locked(name, async () => {
        const found = repositories.get(name)?.manifests.get(digest);
        if (found !== undefined) renew(name, found.stored);
        return found !== undefined;
      }),
    put: (name, manifest, { subject, tags }) =>
      locked(name, async () => {
        renew(name, manifest);
        const repository = openRepository(repositories, name);
        if (subject !== undefined) {
          const known = repository.referrers.get(subject) ?? new Set();
          repository.referrers.set(subject, known.add(manifest.digest));
        }
        for (const tag of tags) repository.tags.set(tag, manifest.digest);
      }),
    remove: (name, digest) => locked(name, async () => remove(name, digest)),
    removeChosen: (name, choose) =>
      locked(name, async () => {
        for (const digest of await choose()) remove(name, digest);
      }),
    resolve: async (name, tag) => repositories.get(name)?.tags.get(tag),
    untag: (name, tag) =>
      locked(name, async () => repositories.get(name)?.tags.delete(tag) ?? false),
    list: async (name) =>
      Array.from(repositories.get(name)?.manifests ?? [], ([digest, { renewed }]) => ({
        digest,
        renewed: new Date(renewed),
      })).sort((a, b) => (a.digest < b.digest ? -1 : 1)),
    tags: async (name) => [...(repositories.get(name)?.tags.keys() ?? [])].sort(),
    referrers: async (name, digest) =>
      [...(repositories.get(name)?.referrers.get(digest) ?? [])].sort(),
  };
}
