import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hexOf, type Digest } from '../../../src/oci/digest.ts';
import type { ReadStore } from '../../../src/store/types.ts';
import { sourceFromBytes } from '../../../src/store/verify.ts';
import { openLayoutForRead, openLayoutForWrite } from '../../../src/transports/oci-layout/store.ts';
import { blob, image, index, store, type TestImage } from '../../helpers/graphs.ts';

let root: string;
let folder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'regctl-referrers-'));
  folder = join(root, 'out');
});
afterEach(() => rm(root, { recursive: true }));

const subjects = Array.from({ length: 20 }, (_, i) => image({ layers: [blob(`layer ${i}`)] }));
const signatureOf = (subject: TestImage, name = 'signature'): TestImage =>
  image({ layers: [blob(name)], subject: subject.descriptor });
const [first, second] = subjects as [TestImage, TestImage];

const referrers = async (layout: ReadStore, digest: Digest, signal?: AbortSignal) => {
  const found: Digest[] = [];
  for await (const one of layout.capabilities.referrers?.referrers(digest, { signal }) ?? [])
    found.push(one.digest);
  return found;
};

it('reads the manifests once, however many subjects are asked for', async () => {
  await using writing = await openLayoutForWrite(folder);
  for (const [i, subject] of subjects.entries()) {
    await store(writing, subject, `v${i}`);
    await store(writing, signatureOf(subject));
  }
  await using layout = await openLayoutForRead(folder);
  const wanted = (one: TestImage): Digest[] => [signatureOf(one).descriptor.digest];
  expect(await referrers(layout, first.descriptor.digest)).toEqual(wanted(first));
  // Whoever opened a manifest again would miss it now.
  await rm(join(folder, 'blobs/sha256', hexOf(first.descriptor.digest)));
  for (const subject of subjects)
    expect(await referrers(layout, subject.descriptor.digest)).toEqual(wanted(subject));
});

it('reads them again when index.json has changed', async () => {
  await using writing = await openLayoutForWrite(folder);
  await store(writing, first, 'v1');
  await using layout = await openLayoutForRead(folder);
  expect(await referrers(layout, first.descriptor.digest)).toEqual([]);
  const signature = signatureOf(first);
  await store(writing, signature);
  expect(await referrers(layout, first.descriptor.digest)).toEqual([signature.descriptor.digest]);
});

it('sees what a run has pushed and not committed, and not what it will unlist', async () => {
  await using layout = await openLayoutForWrite(folder);
  const [old, fresh, child] = ['old', 'fresh', 'child'].map((name) => signatureOf(first, name)) as [
    TestImage,
    TestImage,
    TestImage,
  ];
  await store(layout, first, 'v1');
  await store(layout, old, 'signature');
  expect(await referrers(layout, first.descriptor.digest)).toEqual([old.descriptor.digest]);

  const listing = index([child]);
  for (const one of [...fresh.below, fresh, ...child.below, child, listing])
    await layout.push(sourceFromBytes(one.descriptor, one.data));
  await layout.tag(fresh.descriptor, 'signature');
  const during = await referrers(layout, first.descriptor.digest);
  expect(during).toEqual([fresh.descriptor.digest]);
  await layout.commit();
  expect(await referrers(layout, first.descriptor.digest)).toEqual(during);
});

it('a scan that one caller aborts is made anew for another', async () => {
  await using writing = await openLayoutForWrite(folder);
  await store(writing, first, 'v1');
  await store(writing, second, 'v2');
  await store(writing, signatureOf(first));
  await using layout = await openLayoutForRead(folder);
  const controller = new AbortController();
  const aborted = referrers(layout, first.descriptor.digest, controller.signal);
  const other = referrers(layout, first.descriptor.digest);
  controller.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  expect(await other).toEqual([signatureOf(first).descriptor.digest]);
});
