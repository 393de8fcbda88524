import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyImage } from '../../../src/copy/copy-image.ts';
import { createConvertedStore } from '../../../src/image/convert/store.ts';
import type { ConvertOptions } from '../../../src/image/convert/types.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { digestOf, type Digest } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { ReadStore, WriteStore } from '../../../src/store/types.ts';
import { fetchAll, sourceFromBytes } from '../../../src/store/verify.ts';
import { bytesOf, collect } from '../../../src/util/bytes.ts';
import { createCodec } from '../../../src/util/compression/codec.ts';
import * as graphs from '../../helpers/graphs.ts';
import { makeImage, makeIndex } from '../../helpers/images.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';
import { bodyOf, convertV1, storeOf, type ConvertedImage } from './fixtures.ts';

const codec = createCodec();

let dir: TempDir;
let opened: ReadStore[];
beforeEach(async () => {
  dir = await tempDir();
  opened = [];
});
afterEach(async () => {
  for (const store of opened) await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function convert(
  source: ReadStore,
  options: Omit<ConvertOptions, 'warn' | 'tempDir'>,
): Promise<ConvertedImage> {
  const converted = await convertV1(source, { ...options, tempDir: dir.path });
  opened.push(converted.store);
  return converted;
}

async function unzstd(data: Uint8Array): Promise<Buffer> {
  const limits = { maxBytes: 1e8, maxRatio: 1e6, ratioFrom: 0, maxWindow: 2 ** 27 };
  const fail = (rule: string): Error => new Error(rule);
  const bytes = codec.decompress(bytesOf(data), 'zstd', { ...limits, fail });
  return Buffer.from(await collect(bytes, 1e8, () => fail('too large')));
}

function sha256(data: Uint8Array): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

async function diffIds(store: ReadStore, config: Descriptor): Promise<readonly string[]> {
  const json = JSON.parse(Buffer.from(await fetchAll(store, config)).toString()) as {
    rootfs: { diff_ids: string[] };
  };
  return json.rootfs.diff_ids;
}

interface Layer {
  readonly bytes: Uint8Array;
  readonly mediaType?: string;
  readonly diffId?: string;
  readonly annotations?: Record<string, string>;
}

/** An OCI image of these layers as `v1`. */
async function imageOf(layers: readonly Layer[]): Promise<WriteStore> {
  const store = createMemoryStore();
  const nodes = layers.map(({ bytes, mediaType }) => graphs.blob(bytes, mediaType));
  const diff = layers.map(({ bytes, diffId }) => diffId ?? sha256(bytes));
  const config = graphs.blob(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { diff_ids: diff } }),
    MEDIA_TYPE.ociConfig,
  );
  for (const node of [config, ...nodes])
    await store.push(sourceFromBytes(node.descriptor, node.data));
  const body = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: config.descriptor,
    layers: nodes.map(({ descriptor }, i) => ({
      ...descriptor,
      ...(layers[i]?.annotations === undefined ? {} : { annotations: layers[i].annotations }),
    })),
  };
  const root = graphs.blob(JSON.stringify(body), MEDIA_TYPE.ociManifest);
  await store.push(sourceFromBytes(root.descriptor, root.data), { tag: 'v1' });
  return store;
}

describe('layers', () => {
  it('become zstd, their content what the configuration says, and can be copied', async () => {
    const image = await makeImage({ layerSize: 100_000 });
    const source = await storeOf(image);
    const { store, root, body } = await convert(source, { compression: { format: 'zstd' } });
    const destination = createMemoryStore();
    await copyImage({
      source: store,
      sourceRef: root.digest,
      destination,
      destinationTag: 'v1',
      concurrency: 2,
      emit: () => undefined,
    });
    const expected = await diffIds(destination, body.config);
    for (const [i, layer] of body.layers.entries()) {
      expect(layer.mediaType).toBe(MEDIA_TYPE.ociLayerZstd);
      expect(sha256(await unzstd(await fetchAll(destination, layer)))).toBe(expected[i]);
    }
    expect(await readdir(dir.path)).toHaveLength(1);
    await store[Symbol.asyncDispose]();
    expect(await readdir(dir.path)).toEqual([]);
  });

  it('are read again from an offset', async () => {
    const source = await storeOf(await makeImage({ layers: 1, layerSize: 5000 }));
    const { store: converted } = await convert(source, { compression: { format: 'zstd' } });
    const { layers } = await bodyOf(converted, await converted.resolve('v1'));
    const [layer] = layers as [Descriptor];
    const whole = await fetchAll(converted, layer);
    const rest = await collect(await converted.fetch(layer, { from: 99 }), 1e6, () => new Error());
    expect(Buffer.from(rest).equals(whole.subarray(99))).toBe(true);
    expect(await converted.has(layer)).toBe(true);
  });

  it('stay as they are where they are compressed so, unless a level is given', async () => {
    const image = await makeImage();
    const source = await storeOf(image);
    const kept = await convert(source, { compression: { format: 'gzip' } });
    expect(kept.root).toEqual(image.root);
    const { store: anew, root } = await convert(source, {
      compression: { format: 'gzip', level: 1 },
    });
    expect(root.digest).not.toBe(image.root.digest);
    const { layers, config } = await bodyOf(anew, root);
    const expected = await diffIds(anew, config);
    for (const [i, layer] of layers.entries()) {
      expect(layer.mediaType).toBe(MEDIA_TYPE.ociLayerGzip);
      expect(sha256(gunzipSync(await fetchAll(anew, layer)))).toBe(expected[i]);
    }
  });

  it('come out the same each time', async () => {
    const source = await storeOf(await makeIndex({ layerSize: 50_000 }));
    for (const format of ['gzip', 'zstd'] as const) {
      const options = { compression: { format, level: 4 } };
      const [one, two] = [await convert(source, options), await convert(source, options)];
      expect(one.root).toEqual(two.root);
    }
  });

  it('of Docker images take them to OCI when they become zstd, the list too', async () => {
    const source = await storeOf(await makeIndex({ flavour: 'docker' }));
    const { root, body, warnings } = await convert(source, {
      compression: { format: 'zstd' },
    });
    expect(root.mediaType).toBe(MEDIA_TYPE.ociIndex);
    expect(body.manifests.map((one) => one.mediaType)).toEqual(
      body.manifests.map(() => MEDIA_TYPE.ociManifest),
    );
    expect(warnings).toEqual([expect.stringContaining('converted to OCI')]);
  });

  it('in zstd become gzip on the way to v2s2, and it says so', async () => {
    const oci = await storeOf(await makeImage());
    const zstd = await convert(oci, { compression: { format: 'zstd' } });
    const { store, body, warnings } = await convert(
      { ...zstd.store, resolve: async () => zstd.root },
      { format: 'v2s2' },
    );
    expect(warnings).toEqual([expect.stringContaining('gzip')]);
    const expected = await diffIds(store, body.config);
    for (const [i, layer] of body.layers.entries()) {
      expect(layer.mediaType).toBe(MEDIA_TYPE.dockerLayerGzip);
      expect(sha256(gunzipSync(await fetchAll(store, layer)))).toBe(expected[i]);
    }
  });

  it('are taken for what they are, not for what they are called; uncompressed ones too', async () => {
    const tar = Buffer.alloc(20_000, 'tar');
    const source = await imageOf([
      { bytes: tar, mediaType: MEDIA_TYPE.ociLayerGzip },
      { bytes: tar.subarray(1), mediaType: MEDIA_TYPE.ociLayer },
    ]);
    const { store, body } = await convert(source, { compression: { format: 'zstd' } });
    const plain = await Promise.all(
      body.layers.map(async (layer) => unzstd(await fetchAll(store, layer))),
    );
    expect(plain).toEqual([tar, tar.subarray(1)]);
  });

  it('that occur twice are compressed once', async () => {
    const bytes = gzipSync(Buffer.alloc(9000, 'again'));
    const diffId = sha256(gunzipSync(bytes));
    const inner = await imageOf([
      { bytes, diffId },
      { bytes, diffId },
    ]);
    const fetched: Digest[] = [];
    const source: ReadStore = {
      ...inner,
      fetch: (d, o) => {
        fetched.push(d.digest);
        return inner.fetch(d, o);
      },
    };
    await convert(source, { compression: { format: 'zstd' } });
    expect(fetched.filter((one) => one === digestOf(bytes))).toHaveLength(1);
  });

  it('are announced, as it takes a while', async () => {
    const source = await storeOf(await makeImage({ layers: 3 }));
    const notes: string[] = [];
    const note = (text: string): number => notes.push(text);
    await convert(source, { compression: { format: 'zstd' }, note });
    expect(notes).toEqual([expect.stringMatching(/^compressing 3 layers of \w{12} with zstd$/u)]);
  });

  it('of platforms that nobody wants are neither read nor changed', async () => {
    const image = await makeIndex();
    const inner = await storeOf(image);
    const read: string[] = [];
    const source: ReadStore = {
      ...inner,
      fetch: (descriptor, options) => {
        read.push(descriptor.mediaType);
        return inner.fetch(descriptor, options);
      },
    };
    const { body } = await convert(source, {
      compression: { format: 'zstd' },
      platforms: [{ os: 'linux', architecture: 'arm64' }],
    });
    const before = (await bodyOf(inner, image.root)).manifests;
    const changed = body.manifests.map((one, i) => one.digest !== before[i]?.digest);
    expect(changed).toEqual([false, true, false]);
    expect(read.filter((type) => type === MEDIA_TYPE.ociLayerGzip)).toHaveLength(2);
    expect(read.filter((type) => type === MEDIA_TYPE.ociManifest)).toHaveLength(1);
  });

  it('lose the annotations that described their compressed bytes', async () => {
    const bytes = gzipSync('content');
    const source = await imageOf([
      {
        bytes,
        diffId: sha256(Buffer.from('content')),
        annotations: { 'containerd.io/snapshot/stargz/toc.digest': 'x', kept: 'yes' },
      },
    ]);
    const { body } = await convert(source, { compression: { format: 'zstd' } });
    expect(body.layers[0]?.annotations).toEqual({ kept: 'yes' });
  });

  it('of artifacts and elsewhere are left alone', async () => {
    const artifact = graphs.image({
      config: graphs.blob('{}', MEDIA_TYPE.ociEmpty),
      layers: [graphs.blob('content')],
    });
    const foreign = graphs.blob('x', 'application/vnd.oci.image.layer.nondistributable.v1.tar');
    const windows = graphs.image({ foreign: [foreign.descriptor] });
    for (const image of [artifact, windows]) {
      const source = createMemoryStore();
      await graphs.store(source, image, 'v1');
      const { root } = await convert(source, { compression: { format: 'zstd' } });
      expect(root).toEqual(image.descriptor);
    }
  });
});

describe('is refused:', () => {
  const zstd = { compression: { format: 'zstd' } } as const;

  async function expectRefusal(
    source: ReadStore,
    options: Omit<ConvertOptions, 'warn' | 'tempDir'>,
    error: object,
  ): Promise<void> {
    await using store = createConvertedStore(source, {
      ...options,
      tempDir: dir.path,
      warn: () => undefined,
    });
    await expect(store.resolve('v1')).rejects.toMatchObject(error);
    await store[Symbol.asyncDispose]();
    expect(await readdir(dir.path)).toEqual([]);
  }

  it('a layer that is not the one its configuration names', async () => {
    const bytes = gzipSync('content');
    const source = await imageOf([{ bytes, diffId: sha256(Buffer.from('other')) }]);
    await expectRefusal(source, zstd, {
      code: 'DIGEST_MISMATCH',
      exitStatus: 5,
      expected: sha256(Buffer.from('other')),
      actual: sha256(Buffer.from('content')),
    });
  });

  it('a layer that is damaged', async () => {
    const bytes = gzipSync(Buffer.alloc(5000, 'content')).subarray(0, 30);
    await expectRefusal(await imageOf([{ bytes }]), zstd, { code: 'CORRUPT_LAYER', exitStatus: 5 });
  });

  it('a configuration that does not name the layers', async () => {
    const store = createMemoryStore();
    await graphs.store(store, graphs.image({ layers: [graphs.blob(gzipSync('x'))] }), 'v1');
    await expectRefusal(store, zstd, { code: 'INVALID_CONFIG', exitStatus: 5 });
  });

  it('a change of digests that are to be preserved, before a layer is read', async () => {
    const inner = await storeOf(await makeImage());
    const source: ReadStore = {
      ...inner,
      fetch: (descriptor, options) => {
        if (descriptor.mediaType === MEDIA_TYPE.ociLayerGzip) throw new Error('read a layer');
        return inner.fetch(descriptor, options);
      },
    };
    await expectRefusal(source, { ...zstd, preserveDigests: true }, { code: 'DIGEST_CHANGED' });
  });

  it('a folder that cannot be written', async () => {
    const source = await storeOf(await makeImage());
    await expect(
      convertV1(source, { ...zstd, tempDir: dir.join('missing') }),
    ).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('no such file or directory') as string,
    });
  });

  it('zstd in v2s2, and a level that there is not', () => {
    const make = (options: Omit<ConvertOptions, 'warn' | 'tempDir'>): ReadStore =>
      createConvertedStore(createMemoryStore(), {
        ...options,
        tempDir: dir.path,
        warn: () => undefined,
      });
    expect(() => make({ ...zstd, format: 'v2s2' })).toThrow('no zstd layers');
    expect(() => make({ compression: { format: 'gzip', level: 10 } })).toThrow('no level 10');
  });
});
