import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { createReferrerFinder } from '../../../src/artifact/referrers/finder.ts';
import { referrerTree, type SubjectNode } from '../../../src/artifact/referrers/tree.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { fetchManifest } from '../../../src/store/manifests.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { ReadStore, WriteStore } from '../../../src/store/types.ts';
import { blob, image, index, store, type TestImage } from '../../helpers/graphs.ts';
import { scene, sceneStore } from '../../helpers/scenes.ts';

const CONCURRENCY = 4;

async function treeOf(from: ReadStore, ref: string, options = {}) {
  const root = await from.resolve(ref);
  const manifest = await fetchManifest(from, root);
  return referrerTree(from, root, manifest, { concurrency: CONCURRENCY, ...options });
}

/** Each referrer as "SOURCE kinds", sorted; children after "OS/ARCH:". */
function shown({ referrers, children }: SubjectNode): readonly string[] {
  const own = referrers.map((one) => `${one.source} ${one.kinds.join(' + ')}`);
  const below = children.flatMap((child) => [
    `${child.platform?.architecture}:`,
    ...shown(child).map((line) => `  ${line}`),
  ]);
  return [...own.toSorted(), ...below];
}

describe('the tree of referrers', () => {
  it.each(['api', 'fallback'] as const)(
    'has all four sources and the images of the index (%s)',
    async (view) => {
      const from = await sceneStore(scene('everything'), view);
      const { root, unread } = await treeOf(from, 'v1');
      expect(unread).toBe(0);
      expect(shown(root)).toEqual([
        'digest-tag SBOM (CycloneDX)',
        'digest-tag signature',
        'referrers provenance (SLSA)',
        'referrers signature',
        'amd64:',
        '  buildkit SBOM (SPDX) + provenance (SLSA)',
        '  referrers SBOM (SPDX)',
        '  referrers vulnerability report',
        'arm64:',
        '  buildkit SBOM (SPDX) + provenance (SLSA)',
      ]);
    },
  );

  it('names the seven attestations of one image', async () => {
    const from = await sceneStore(scene('attest'), 'fallback');
    expect(shown((await treeOf(from, 'v1')).root)).toEqual([
      'referrers SBOM (CycloneDX)',
      'referrers SBOM (SPDX)',
      'referrers VEX',
      'referrers attestation',
      'referrers provenance (SLSA)',
      'referrers vulnerability report',
      'referrers vulnerability report',
    ]);
  });

  it('reads no manifest where the list has annotations, and at most so many where it has none', async () => {
    const reads: string[] = [];
    const watched = (from: WriteStore): ReadStore => ({
      ...from,
      fetch(descriptor, options) {
        reads.push(descriptor.digest);
        return from.fetch(descriptor, options);
      },
    });
    await treeOf(watched(await sceneStore(scene('attest'), 'api')), 'v1');
    expect(reads).toEqual([scene('attest').root.digest]);
    reads.length = 0;
    const from = watched(await sceneStore(scene('attest'), 'fallback'));
    const { unread, root } = await treeOf(from, 'v1', { maxReads: 3 });
    expect(unread).toBe(4);
    expect(reads).toHaveLength(1 + 3);
    expect(root.referrers).toHaveLength(7);
  });

  it('ends where it refers to itself, and shows each digest once', async () => {
    const memory = createMemoryStore();
    const root = image({ layers: [blob('root')] });
    const attach = (subject: TestImage, text: string): TestImage =>
      image({ layers: [blob(text)], subject: subject.descriptor, artifactType: 'text/plain' });
    const one = attach(root, 'one');
    const two = attach(one, 'two');
    for (const each of [one, two]) await store(memory, each);
    await store(memory, root, 'v1');
    const circle: Readonly<Record<string, readonly TestImage[]>> = {
      [root.descriptor.digest]: [one, root],
      [one.descriptor.digest]: [two, one, root],
      [two.descriptor.digest]: [one, root],
    };
    const referrers = {
      async *referrers(digest: Digest) {
        for (const each of circle[digest] ?? []) yield each.descriptor;
      },
    };
    const from = { ...memory, capabilities: { ...memory.capabilities, referrers } };
    const { root: tree } = await treeOf(from, 'v1');
    expect(tree.referrers.map((node) => node.descriptor.digest)).toEqual([one.descriptor.digest]);
    const below = tree.referrers[0]?.referrers ?? [];
    expect(below.map((node) => node.descriptor.digest)).toEqual([two.descriptor.digest]);
    expect(below[0]?.referrers).toEqual([]);
    const { root: flat } = await treeOf(from, 'v1', { depth: 1 });
    expect(flat.referrers[0]?.referrers).toEqual([]);
  });

  it('survives a listed child that was deleted', async () => {
    const memory = createMemoryStore();
    const child = image({ layers: [blob('child')] });
    const root = index([child], [{ os: 'linux', architecture: 'amd64' }]);
    await store(memory, root, 'v1');
    await memory.capabilities.remove?.removeManifest(child.descriptor.digest);
    const { root: tree } = await treeOf(memory, 'v1');
    expect(tree.children).toHaveLength(1);
  });
});

describe('the finder', () => {
  it('lists the tags once for all subjects', async () => {
    const from = await sceneStore(scene('everything'), 'fallback');
    let lists = 0;
    const tags = {
      async *tags() {
        lists += 1;
        yield Object.keys(scene('everything').tags);
      },
    };
    const counted = { ...from, capabilities: { ...from.capabilities, tags } };
    const finder = createReferrerFinder(counted);
    const { digest } = await from.resolve('v1');
    const [found] = await Promise.all([finder.of(digest), finder.of(digest), finder.of(digest)]);
    expect(lists).toBe(1);
    expect(found.map(({ source }) => source).toSorted()).toEqual([
      'digest-tag',
      'digest-tag',
      'referrers',
      'referrers',
    ]);
  });

  it.each([
    ['a repository with too many tags', 'many'],
    ['a list of tags that is refused', 'refused'],
  ])('asks for the tags by name in %s', async (_what, how) => {
    const from = await sceneStore(scene('mixed'), 'fallback');
    const tags = {
      async *tags() {
        if (how === 'refused') throw new AppError('FORBIDDEN', 'no');
        for (let page = 0; page < 10; page += 1) yield [`t${page}`];
      },
    };
    const finder = createReferrerFinder({
      ...from,
      capabilities: { ...from.capabilities, tags },
    });
    const found = await finder.of((await from.resolve('v1')).digest);
    expect(found.map(({ source }) => source)).toEqual(['referrers', 'digest-tag']);
  });

  it('throws when it cannot look', async () => {
    const from = await sceneStore(scene('mixed'), 'api');
    const referrers = {
      async *referrers() {
        yield* await Promise.reject<never[]>(new AppError('FORBIDDEN', 'no'));
      },
    };
    const finder = createReferrerFinder({
      ...from,
      capabilities: { ...from.capabilities, referrers },
    });
    await expect(finder.of((await from.resolve('v1')).digest)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('stops a list that does not end', async () => {
    const from = await sceneStore(scene('mixed'), 'api');
    const { descriptor } = image({ layers: [blob('again')] });
    const referrers = {
      async *referrers() {
        for (;;) yield descriptor;
      },
    };
    const finder = createReferrerFinder({
      ...from,
      capabilities: { ...from.capabilities, referrers },
    });
    await expect(finder.of((await from.resolve('v1')).digest)).rejects.toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
    });
  });
});
