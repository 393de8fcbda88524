import { readdir, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { copyImage } from '../../../src/copy/copy-image.ts';
import { digestOf, hexOf } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { fetchManifest } from '../../../src/store/manifests.ts';
import type { ReadStore } from '../../../src/store/types.ts';
import { fetchAll, sourceFromBytes } from '../../../src/store/verify.ts';
import { openDockerArchiveForRead } from '../../../src/transports/docker-archive/open.ts';
import { openDockerArchiveForWrite } from '../../../src/transports/docker-archive/write-store.ts';
import type { OpenContext } from '../../../src/transports/types.ts';
import { blob, image, index, store, type TestImage } from '../../helpers/graphs.ts';
import { placesIn, stdinOf, stdoutBuffer } from '../../helpers/pipes.ts';
import { tempDir } from '../../helpers/temp.ts';
import { codeOf } from '../../helpers/thrown.ts';
import { tarOf, type TestMember } from '../tar/archives.ts';

const one = await tarOf([{ name: 'one', data: Buffer.alloc(300_000, '1') }]);
const two = await tarOf([{ name: 'two', data: '2' }]);
const config = Buffer.from(
  JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [digestOf(one), digestOf(two), digestOf(one)] },
  }),
);
const hex = (data: Uint8Array): string => hexOf(digestOf(data));

/** manifest.json and what it names. */
function saved(layers: readonly string[], name: string, tags: readonly string[]): TestMember[] {
  return [
    { name, data: config },
    {
      name: 'manifest.json',
      data: JSON.stringify([{ Config: name, RepoTags: tags, Layers: layers }]),
    },
  ];
}

/** The layouts that the engines have written over the years, the third layer being the first again. */
const LAYOUTS: Readonly<Record<string, { members: readonly TestMember[]; type: string }>> = {
  'docker save before 25: folders, a link for what is there twice': {
    type: MEDIA_TYPE.dockerLayer,
    members: [
      { name: 'aaa/VERSION', data: '1.0' },
      { name: 'aaa/json', data: '{}' },
      { name: 'aaa/layer.tar', data: one },
      { name: 'bbb/layer.tar', data: two },
      { name: 'ccc/layer.tar', symlink: '../aaa/layer.tar' },
      ...saved(['aaa/layer.tar', 'bbb/layer.tar', 'ccc/layer.tar'], `${hex(config)}.json`, [
        'app:v1',
      ]),
      { name: 'repositories', data: '{"app":{"v1":"ccc"}}' },
    ],
  },
  'docker save since 25: blobs beside an OCI layout': {
    type: MEDIA_TYPE.dockerLayer,
    members: [
      { name: `blobs/sha256/${hex(one)}`, data: one },
      { name: `blobs/sha256/${hex(two)}`, data: two },
      { name: 'index.json', data: '{"schemaVersion":2,"manifests":[]}' },
      { name: 'oci-layout', data: '{"imageLayoutVersion":"1.0.0"}' },
      ...saved(
        [one, two, one].map((data) => `blobs/sha256/${hex(data)}`),
        `blobs/sha256/${hex(config)}`,
        ['app:v1'],
      ),
    ],
  },
  'skopeo and podman: names of diff IDs': {
    type: MEDIA_TYPE.dockerLayer,
    members: [
      { name: `${hex(one)}.tar`, data: one },
      { name: `${hex(two)}.tar`, data: two },
      ...saved(
        [one, two, one].map((data) => `${hex(data)}.tar`),
        `${hex(config)}.json`,
        ['docker.io/library/app:v1'],
      ),
    ],
  },
  'crane: compressed layers, the list in front': {
    type: MEDIA_TYPE.dockerLayerGzip,
    members: [
      ...saved(
        [one, two, one].map((data) => `${hex(gzipSync(data))}.tar.gz`),
        `sha256:${hex(config)}`,
        ['index.docker.io/library/app:v1'],
      ),
      { name: `${hex(gzipSync(one))}.tar.gz`, data: gzipSync(one) },
      { name: `${hex(gzipSync(two))}.tar.gz`, data: gzipSync(two) },
    ],
  },
  'compressed layers in folders': {
    type: MEDIA_TYPE.dockerLayerGzip,
    members: [
      { name: './a/layer.tar', data: gzipSync(one) },
      { name: './b/layer.tar', data: gzipSync(two) },
      ...saved(['a/layer.tar', 'b/layer.tar', 'a/layer.tar'], 'config.json', ['app:v1']),
    ],
  },
};

type Open = () => Promise<ReadStore>;

/** From a file, from a compressed file and from standard input. */
async function inAllWays<T>(
  members: readonly TestMember[],
  attempt: (open: Open) => Promise<T>,
): Promise<T[]> {
  await using dir = await tempDir();
  const data = await tarOf(members);
  await writeFile(dir.join('a.tar'), data);
  await writeFile(dir.join('a.tgz'), gzipSync(data));
  const results: T[] = [];
  for (const place of [dir.join('a.tar'), dir.join('a.tgz'), '-']) {
    const context = placesIn(dir.path, stdinOf(data));
    results.push(await attempt(() => openDockerArchiveForRead(place, context)));
  }
  expect((await readdir(dir.path)).toSorted()).toEqual(['a.tar', 'a.tgz']);
  return results;
}

function used<T>(use: (source: ReadStore) => Promise<T>): (open: Open) => Promise<T> {
  return async (open) => {
    await using source = await open();
    return await use(source);
  };
}

async function copied(source: ReadStore, sourceRef?: string): Promise<ReadStore> {
  const destination = createMemoryStore();
  const emit = (): void => undefined;
  await copyImage({ source, sourceRef, destination, destinationTag: 'v1', concurrency: 4, emit });
  return destination;
}

describe('docker-archive:', () => {
  it.each(Object.entries(LAYOUTS))('reads what wrote %s', async (_who, { members, type }) => {
    const digests = await inAllWays(
      members,
      used(async (source) => {
        const destination = await copied(source, 'app:v1');
        const root = await destination.resolve('v1');
        const manifest = await fetchManifest(destination, root);
        if (manifest.kind !== 'image') throw new Error('no image');
        expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([type, type, type]);
        expect(Buffer.from(await fetchAll(destination, manifest.config))).toEqual(config);
        const stored = type === MEDIA_TYPE.dockerLayer ? [one, two, one] : [one, two, one].map(zip);
        for (const [i, layer] of manifest.layers.entries())
          expect(Buffer.compare(await fetchAll(destination, layer), stored[i] ?? one)).toBe(0);
        return root.digest;
      }),
    );
    expect(new Set(digests).size).toBe(1);
  });

  it.each(Object.entries(LAYOUTS))('looks into %s without copying', async (_who, { members }) => {
    const seen = await inAllWays(
      members,
      used(async (source) => {
        const { digest } = await source.resolve('@0');
        const tags: string[] = [];
        for await (const page of source.capabilities.tags?.tags() ?? []) tags.push(...page);
        expect(tags).toEqual(['app:v1']);
        return digest;
      }),
    );
    expect(new Set(seen).size).toBe(1);
  });

  it('finds images by name and index, and lists them when one has to be named', async () => {
    const list = ['a:1', 'b:2'].map((name) => ({
      Config: `${hex(config)}.json`,
      RepoTags: [name, `${name}-too`],
      Layers: [one, two, one].map((data) => `${hex(data)}.tar`),
    }));
    const members = [
      { name: `${hex(one)}.tar`, data: one },
      { name: `${hex(two)}.tar`, data: two },
      { name: `${hex(config)}.json`, data: config },
      { name: 'manifest.json', data: JSON.stringify(list) },
    ];
    await inAllWays(
      members,
      used(async (source) => {
        const { digest } = await source.resolve('b:2-too');
        expect((await source.resolve('@1')).digest).toBe(digest);
        expect((await source.resolve(digest)).digest).toBe(digest);
        await expect(source.resolve(undefined)).rejects.toMatchObject({
          code: 'MANIFEST_UNKNOWN',
          hint: expect.stringContaining('a:1, a:1-too, b:2') as string,
        });
        expect(await codeOf(source.resolve('@2'))).toBe('MANIFEST_UNKNOWN');
        expect(await codeOf(source.resolve('c'))).toBe('MANIFEST_UNKNOWN');
      }),
    );
  });
});

function zip(data: Uint8Array): Buffer {
  return gzipSync(data);
}

describe('hostile archives', () => {
  const names = [one, two, one].map((data) => `${hex(data)}.tar`);
  const rest = saved(names, `${hex(config)}.json`, ['app:v1']);
  const second = { name: `${hex(two)}.tar`, data: two };

  it.each<[string, readonly TestMember[]]>([
    ['an altered layer', [{ name: `${hex(one)}.tar`, data: two }, second, ...rest]],
    ['a layer that is not there', [second, ...rest]],
    ['a link out', [{ name: `${hex(one)}.tar`, symlink: '../../etc/passwd' }, second, ...rest]],
    [
      'an altered configuration',
      [
        { name: `${hex(one)}.tar`, data: one },
        second,
        { name: `${hex(config)}.json`, data: '{"os":"linux"}' },
        ...rest.slice(1),
      ],
    ],
    [
      'fewer layers than the configuration knows',
      [
        { name: `${hex(one)}.tar`, data: one },
        second,
        ...saved(names.slice(1), `${hex(config)}.json`, []),
      ],
    ],
    ['two lists', [{ name: `${hex(one)}.tar`, data: one }, second, ...rest, ...rest]],
    ['no list', [{ name: `${hex(one)}.tar`, data: one }, second]],
    [
      'a list that is none',
      [
        { name: `${hex(one)}.tar`, data: one },
        { name: 'manifest.json', data: '[{"Config":1}]' },
      ],
    ],
    [
      'a name that leads out',
      [{ name: `${hex(one)}.tar`, data: one }, ...saved(['../../etc/passwd'], 'c.json', [])],
    ],
  ])('%s is refused with an exit status for damage', async (_what, members) => {
    const codes = await inAllWays(members, async (open) => codeOf(used(copied)(open)));
    for (const code of codes)
      expect(code).toMatch(/^(?:CORRUPT_ARCHIVE|DIGEST_MISMATCH|SIZE_MISMATCH)$/);
  });
});

describe('writing', () => {
  const app = image({
    config: blob(config, MEDIA_TYPE.ociConfig),
    layers: [blob(gzipSync(one)), blob(gzipSync(two)), blob(gzipSync(one))],
  });
  const smaller = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'arm64', rootfs: { diff_ids: [digestOf(two)] } }),
  );
  const other = image({
    config: blob(smaller, MEDIA_TYPE.dockerConfig),
    layers: [blob(gzipSync(two))],
  });

  async function write(
    name: string,
    ref: string | undefined,
    root: TestImage,
    context: OpenContext,
  ): Promise<void> {
    await using into = await openDockerArchiveForWrite({ name, ref }, context);
    await store(into, root, ref);
  }

  async function list(place: string, context: OpenContext): Promise<string[]> {
    await using source = await openDockerArchiveForRead(place, context);
    const found: string[] = [];
    for await (const page of source.capabilities.tags?.tags() ?? []) found.push(...page);
    return found;
  }

  it('adds images to a file and moves names; an image without any goes', async () => {
    await using dir = await tempDir();
    const context = placesIn(dir.path);
    const place = dir.join('a.tar');
    await write(place, 'app:v1', app, context);
    await write(place, 'ghcr.io/o/app:v1', app, context);
    await write(place, 'other:v2', other, context);
    expect(await list(place, context)).toEqual(['app:v1', 'ghcr.io/o/app:v1', 'other:v2']);
    await write(place, 'app:v1', other, context);
    await write(place, 'ghcr.io/o/app:v1', other, context);
    expect((await list(place, context)).toSorted()).toEqual([
      'app:v1',
      'ghcr.io/o/app:v1',
      'other:v2',
    ]);
    await using source = await openDockerArchiveForRead(place, context);
    const { digest } = await source.resolve('@0');
    expect((await source.resolve('app:v1')).digest).toBe(digest);
    expect(await codeOf(source.resolve('@1'))).toBe('MANIFEST_UNKNOWN');
    expect(await readdir(dir.path)).toEqual(['a.tar']);
  });

  it('takes foreign layers along, and refuses an image without them', async () => {
    await using dir = await tempDir();
    const context = placesIn(dir.path);
    const foreign = blob('windows base', MEDIA_TYPE.dockerForeignLayer);
    const root = image({ foreign: [foreign.descriptor], layers: [blob('x')] });
    const from = createMemoryStore();
    await store(from, root);
    await from.push(sourceFromBytes(foreign.descriptor, foreign.data));
    const save = async (file: string, allowNondistributable: boolean): Promise<unknown> => {
      await using to = await openDockerArchiveForWrite(
        { name: dir.join(file), ref: 'app:v1' },
        context,
      );
      return await copyImage({
        source: from,
        destination: to,
        sourceRef: root.descriptor.digest,
        destinationTag: 'app:v1',
        allowNondistributable,
        concurrency: 2,
        emit: () => undefined,
      });
    };
    await expect(save('without.tar', false)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('--allow-nondistributable') as string,
    });
    await save('with.tar', true);
    await using archive = await openDockerArchiveForRead(dir.join('with.tar'), context);
    expect(await archive.has(foreign.descriptor)).toBe(true);
  });

  it('writes to standard output what it reads from standard input', async () => {
    await using dir = await tempDir();
    const out = stdoutBuffer();
    await write('-', 'app:v1', app, placesIn(dir.path, out));
    const context = placesIn(dir.path, stdinOf(out.data()));
    await using source = await openDockerArchiveForRead('-', context);
    const destination = await copied(source, 'app:v1');
    const manifest = await fetchManifest(destination, await destination.resolve('v1'));
    expect(manifest).toMatchObject({
      config: { digest: digestOf(config) },
      layers: [one, two, one].map((data) => ({ digest: digestOf(gzipSync(data)) })),
    });
    expect(await readdir(dir.path)).toEqual([]);
  });

  it.each<[string, TestImage, string]>([
    ['an index', index([app]), '--platform'],
    ['an artifact', image({ config: blob('{}', MEDIA_TYPE.ociEmpty) }), 'oci-archive'],
  ])('refuses %s and says the cure', async (_what, root, cure) => {
    await using dir = await tempDir();
    const name = dir.join('a.tar');
    const source = createMemoryStore();
    await store(source, root, 'v1');
    await using destination = await openDockerArchiveForWrite(
      { name, ref: 'app:v1' },
      placesIn(dir.path),
    );
    const emit = (): void => undefined;
    const copy = copyImage({
      source,
      destination,
      destinationTag: 'app:v1',
      concurrency: 1,
      emit,
    });
    await expect(copy).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining(cure) as string,
    });
  });
});
