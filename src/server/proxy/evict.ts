import type { Digest } from '../../oci/digest.ts';
import { RepositoryReader, UnreadableManifestError, type ManifestLinks } from '../gc/facts.ts';
import type { RepositoryName } from '../names.ts';
import type { Storage } from '../storage/types.ts';

export interface EvictOptions {
  readonly maxBytes: number;
  /** Blobs that are being sent or fetched. */
  readonly inUse: () => ReadonlySet<Digest>;
}

/** Removal goes on below the limit, so that it does not run again for every blob. */
const TARGET_SHARE = 0.9;

interface Image {
  readonly name: RepositoryName;
  readonly root: Digest;
  /** The root and all manifests below it. */
  readonly manifests: ReadonlySet<Digest>;
  readonly blobs: ReadonlySet<Digest>;
  readonly used: Date;
}

/**
 * Removes the least recently used images as a whole while the blobs take more than the limit. Blobs
 * that an image which stays needs, or that are in use, stay. Returns the bytes that were freed.
 */
export async function evict(storage: Storage, { maxBytes, inUse }: EvictOptions): Promise<number> {
  using sweep = storage.blobs.sweep();
  const sizes = new Map((await sweep.blobs()).map(({ digest, size }) => [digest, size]));
  let total = 0;
  for (const size of sizes.values()) total += size;
  if (total <= maxBytes) return 0;

  const images = await imagesOf(storage);
  const users = new Map<Digest, number>();
  for (const { blobs } of images)
    for (const one of blobs) users.set(one, (users.get(one) ?? 0) + 1);
  const before = total;
  const removable = images
    .filter(({ blobs }) => !overlaps(blobs, inUse()))
    .toSorted((a, b) => a.used.getTime() - b.used.getTime());
  // What no manifest names is of no use to a client that asks for an image.
  for (const digest of sizes.keys()) {
    if (total <= maxBytes) break;
    if (!users.has(digest) && !inUse().has(digest)) total -= await drop(storage, digest, sizes);
  }
  for (const image of removable) {
    if (total <= maxBytes * TARGET_SHARE) break;
    if (overlaps(image.blobs, inUse())) continue;
    await removeManifests(storage, image);
    for (const digest of image.blobs) {
      const left = (users.get(digest) ?? 1) - 1;
      users.set(digest, left);
      if (left === 0) total -= await drop(storage, digest, sizes);
    }
  }
  return before - total;
}

function overlaps(some: ReadonlySet<Digest>, others: ReadonlySet<Digest>): boolean {
  for (const one of others) if (some.has(one)) return true;
  return false;
}

/** Removes a blob from every repository of the cache. Returns its size in bytes. */
async function drop(
  storage: Storage,
  digest: Digest,
  sizes: ReadonlyMap<Digest, number>,
): Promise<number> {
  for (const name of await storage.repositories()) await storage.blobs.remove(name, digest);
  return sizes.get(digest) ?? 0;
}

/** The root first, so that no index is left without its children. */
async function removeManifests(storage: Storage, { name, root, manifests }: Image): Promise<void> {
  for (const digest of [root, ...manifests]) await storage.manifests.remove(name, digest);
}

/** Removes those that cannot be read: the upstream has them intact. */
async function readableManifests(
  storage: Storage,
  name: RepositoryName,
): Promise<ReadonlyMap<Digest, ManifestLinks>> {
  const reader = new RepositoryReader(storage, name);
  for (;;) {
    try {
      return (await reader.manifests(new Date(0))).manifests;
    } catch (error) {
      if (!(error instanceof UnreadableManifestError)) throw error;
      await storage.manifests.remove(name, error.digest);
    }
  }
}

async function imagesOf(storage: Storage): Promise<readonly Image[]> {
  const images: Image[] = [];
  for (const name of await storage.repositories()) {
    const manifests = await readableManifests(storage, name);
    const children = new Set([...manifests.values()].flatMap((one) => one.children));
    const used = new Map(
      (await storage.manifests.list(name)).map(({ digest, renewed }) => [digest, renewed]),
    );
    for (const root of manifests.keys()) {
      if (children.has(root)) continue;
      const closure = closureOf(root, manifests);
      const blobs = new Set([...closure].flatMap((one) => manifests.get(one)?.blobs ?? []));
      const times = [...closure].map((one) => used.get(one)?.getTime() ?? 0);
      images.push({ name, root, manifests: closure, blobs, used: new Date(Math.max(...times)) });
    }
  }
  return images;
}

/** A manifest with its children, as far as they are cached, at any depth. */
function closureOf(
  root: Digest,
  manifests: ReadonlyMap<Digest, ManifestLinks>,
): ReadonlySet<Digest> {
  const found = new Set([root]);
  // A set visits what is added while it is read.
  for (const digest of found) {
    for (const child of manifests.get(digest)?.children ?? []) {
      if (manifests.has(child)) found.add(child);
    }
  }
  return found;
}
