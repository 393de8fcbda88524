import { readdir, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { sourceFromBytes } from '../../../src/store/verify.ts';
import { fetchAll } from '../../../src/store/verify.ts';
import type { ReadStore, WriteStore } from '../../../src/store/types.ts';
import { openDockerArchiveForRead } from '../../../src/transports/docker-archive/open.ts';
import { openDockerArchiveForWrite } from '../../../src/transports/docker-archive/write-store.ts';
import {
  openOciArchiveForRead,
  openOciArchiveForWrite,
} from '../../../src/transports/oci-archive/store.ts';
import { makeImage, type TestImage } from '../../helpers/images.ts';
import { placesIn } from '../../helpers/pipes.ts';
import { tempDir } from '../../helpers/temp.ts';

async function pushAll(store: WriteStore, image: TestImage, tag: string): Promise<void> {
  for (const { descriptor, bytes } of image.nodes.values()) {
    const isRoot = descriptor.digest === image.root.digest;
    await store.push(sourceFromBytes(descriptor, bytes), isRoot ? { tag } : {});
  }
}

async function tagsOf(store: ReadStore): Promise<string[]> {
  const pages = await Array.fromAsync(store.capabilities.tags?.tags() ?? []);
  return pages.flat().toSorted();
}

const KINDS = [
  {
    kind: 'oci-archive',
    openWrite: openOciArchiveForWrite,
    openRead: openOciArchiveForRead,
    name: (tag: string) => tag,
  },
  {
    kind: 'docker-archive',
    openWrite: openDockerArchiveForWrite,
    openRead: openDockerArchiveForRead,
    name: (tag: string) => `app:${tag}`,
  },
];

describe.each(KINDS)(
  'runs that add to one file at once: $kind',
  ({ openWrite, openRead, name }) => {
    it('lose no image, also by two names of the file', async () => {
      await using dir = await tempDir();
      const context = placesIn(dir.path);
      await writeFile(dir.join('a.tar'), '');
      await symlink('a.tar', dir.join('b.tar'));
      const tags = ['v0', 'v1', 'v2', 'v3', 'v4', 'v5'].map(name);
      const images = await Promise.all(tags.map((tag) => makeImage({ labels: { tag } })));
      const run = async (i: number): Promise<void> => {
        const path = dir.join(i % 2 === 0 ? 'a.tar' : 'b.tar');
        const tag = tags[i] ?? '';
        await using store = await openWrite({ name: path, ref: tag }, context);
        const image = images[i];
        if (image !== undefined) await pushAll(store, image, tag);
        await store.commit();
      };
      await Promise.all(tags.map((_tag, i) => run(i)));
      await using seen = await openRead(dir.join('a.tar'), context);
      expect(await tagsOf(seen)).toEqual(tags);
      for (const tag of tags) await fetchAll(seen, await seen.resolve(tag));
      expect((await readdir(dir.path)).toSorted()).toEqual(['a.tar', 'b.tar']);
    });

    it('keep what they found there, also when another took its name away', async () => {
      await using dir = await tempDir();
      const context = placesIn(dir.path);
      const [one, two, three] = [await makeImage(), await makeImage(), await makeImage()];
      const at = { name: dir.join('a.tar'), ref: name('v1') };
      await using before = await openWrite(at, context);
      await pushAll(before, one, name('v1'));
      await before.commit();
      await using first = await openWrite(at, context);
      await using second = await openWrite(at, context);
      // The layers of `one` are there already; nobody sends them again.
      await pushAll(first, one, name('v2'));
      await pushAll(second, two, name('v1'));
      await second.commit();
      await first.commit();
      await pushAll(second, three, name('v3'));
      await second.commit();
      await using seen = await openRead(at.name, context);
      expect(await tagsOf(seen)).toEqual(['v1', 'v2', 'v3'].map(name));
      const layers = [...one.nodes.values()].filter((node) =>
        node.descriptor.mediaType.includes('layer'),
      );
      await seen.resolve(name('v2'));
      for (const { descriptor } of layers) await fetchAll(seen, descriptor);
    });
  },
);
