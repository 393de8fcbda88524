import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { sourceFromBytes } from '../../../src/store/verify.ts';
import type { WriteStore } from '../../../src/store/types.ts';
import { openDirForRead, openDirForWrite } from '../../../src/transports/dir/store.ts';
import { openLayoutForRead, openLayoutForWrite } from '../../../src/transports/oci-layout/store.ts';
import { createTemporaries, type Temporaries } from '../../../src/util/temporaries.ts';
import { makeImage, type TestImage } from '../../helpers/images.ts';
import { tempDir } from '../../helpers/temp.ts';

/** All processes but the own one are gone. */
function survivor(self = 'new-1'): Temporaries {
  return createTemporaries({ processes: { self, isRunning: async () => false }, now: () => 0 });
}

async function pushAll(store: WriteStore, image: TestImage, tag?: string): Promise<void> {
  for (const { descriptor, bytes } of image.nodes.values()) {
    const isRoot = descriptor.digest === image.root.digest;
    await store.push(
      sourceFromBytes(descriptor, bytes),
      isRoot && tag !== undefined ? { tag } : {},
    );
  }
}

describe('runs beside each other into one flat folder', () => {
  it('leave one whole image; the one that lost its files says so', async () => {
    await using dir = await tempDir();
    const [a, b] = [await makeImage(), await makeImage({ labels: { other: 'image' } })];
    await using first = await openDirForWrite(dir.join('out'));
    await using second = await openDirForWrite(dir.join('out'));
    await pushAll(first, a);
    await pushAll(second, b);
    await first.commit();
    await expect(second.commit()).rejects.toMatchObject({ code: 'IO' });
    await using seen = await openDirForRead(dir.join('out'));
    expect((await seen.resolve(undefined)).digest).toBe(a.root.digest);
    for (const { descriptor } of a.nodes.values()) expect(await seen.has(descriptor)).toBe(true);
    await pushAll(second, b);
    await second.commit();
    expect((await readdir(dir.join('out'))).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('what a killed run left', () => {
  it('does not keep a flat folder from being new, and is swept', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('out'));
    await writeFile(dir.join('out', survivor('dead-1').name()), 'half');
    await using store = await openDirForWrite(dir.join('out'), { temporaries: survivor() });
    await pushAll(store, await makeImage());
    await store.commit();
    expect((await readdir(dir.join('out'))).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('does not keep a layout locked', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('out'));
    await writeFile(dir.join('out/.regctl.lock'), survivor('dead-1').holder());
    const image = await makeImage();
    const options = { temporaries: survivor(), staleMs: 3_600_000 };
    await using store = await openLayoutForWrite(dir.join('out'), options);
    await pushAll(store, image, 'v1');
    await store.commit();
    await using seen = await openLayoutForRead(dir.join('out'));
    expect((await seen.resolve('v1')).digest).toBe(image.root.digest);
    expect((await readdir(dir.join('out'))).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });
});
