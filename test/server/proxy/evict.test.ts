import { expect, it } from 'vitest';
import { digestOf, type Digest } from '../../../src/oci/digest.ts';
import type { RepositoryName, Tag } from '../../../src/server/names.ts';
import { evict } from '../../../src/server/proxy/evict.ts';
import { createMemoryStorage } from '../../../src/server/storage/memory.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { image, index, type Shape } from '../gc/model.ts';

const name = 'docker.io/library/app' as RepositoryName;
const layer = (number: number): Buffer => Buffer.alloc(1000, number);

/** Three images of 1000 bytes in the order of their use, the last two of which share an index. */
async function cache() {
  let time = 0;
  const storage = createMemoryStorage(() => time);
  const put = async (shape: Shape, tags: readonly string[]): Promise<void> => {
    time += 1;
    const { digest, mediaType, raw } = shape.artifact;
    await storage.manifests.put(name, { digest, mediaType, raw }, { tags: tags as Tag[] });
  };
  for (const number of [1, 2, 3]) {
    const id = await storage.uploads.create(name);
    await storage.uploads.append(name, id, bytesOf(layer(number)));
    await storage.uploads.finish(name, id, digestOf(layer(number)));
  }
  const [one, two, three] = [1, 2, 3].map((number) => image([layer(number)], undefined)) as [
    Shape,
    Shape,
    Shape,
  ];
  await put(one, ['old']);
  await put(two, []);
  await put(three, []);
  await put(index([two.artifact, three.artifact], undefined), ['new']);
  const blobs = async (): Promise<readonly number[]> => {
    const left = await storage.blobs.list(name);
    return [1, 2, 3].filter((number) => left.includes(digestOf(layer(number))));
  };
  return { storage, blobs, tags: () => storage.manifests.tags(name) };
}

const none = new Set<Digest>();

it('removes nothing below the limit', async () => {
  const { storage, blobs } = await cache();
  expect(await evict(storage, { maxBytes: 3000, inUse: () => none })).toBe(0);
  expect(await blobs()).toEqual([1, 2, 3]);
});

it('removes the least recently used image, and an index only with its children', async () => {
  const { storage, blobs, tags } = await cache();
  expect(await evict(storage, { maxBytes: 2500, inUse: () => none })).toBe(1000);
  expect([await blobs(), await tags()]).toEqual([[2, 3], ['new']]);
  expect(await evict(storage, { maxBytes: 1500, inUse: () => none })).toBe(2000);
  expect([await blobs(), await tags()]).toEqual([[], []]);
});

it('leaves an image of which a blob is being sent', async () => {
  const { storage, blobs, tags } = await cache();
  const inUse = new Set([digestOf(layer(1))]);
  await evict(storage, { maxBytes: 500, inUse: () => inUse });
  expect([await blobs(), await tags()]).toEqual([[1], ['old']]);
});

it('removes first what no manifest names', async () => {
  const { storage, blobs, tags } = await cache();
  const id = await storage.uploads.create(name);
  const lost = Buffer.alloc(1000, 9);
  await storage.uploads.append(name, id, bytesOf(lost));
  await storage.uploads.finish(name, id, digestOf(lost));
  expect(await evict(storage, { maxBytes: 3500, inUse: () => none })).toBe(1000);
  expect([await blobs(), await tags()]).toEqual([
    [1, 2, 3],
    ['new', 'old'],
  ]);
});
