import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { copyImage } from '../../../src/copy/copy-image.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { fetchAll, sourceFromBytes } from '../../../src/store/verify.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { makeImage, makeIndex, PLATFORMS } from '../../helpers/images.ts';
import * as graphs from '../../helpers/graphs.ts';
import { bodyOf, convertV1, storeOf } from './fixtures.ts';

const utf8 = new TextEncoder();

/** A memory store with a manifest of these bytes as `v1`. */
async function storeWith(body: Record<string, unknown>, below: readonly graphs.TestNode[] = []) {
  const store = createMemoryStore();
  for (const node of below) await store.push(sourceFromBytes(node.descriptor, node.data));
  const data = utf8.encode(JSON.stringify({ schemaVersion: 2, ...body }));
  const mediaType = String(body['mediaType']);
  const root = { mediaType, digest: digestOf(data), size: data.byteLength };
  await store.push(sourceFromBytes(root, data), { tag: 'v1' });
  return { store, root };
}

describe('manifests', () => {
  it('turn from OCI into v2s2 and back, config and layers byte for byte', async () => {
    const image = await makeImage();
    const there = await convertV1(await storeOf(image), { format: 'v2s2' });
    expect(there.root.mediaType).toBe(MEDIA_TYPE.dockerManifest);
    expect(there.body.mediaType).toBe(MEDIA_TYPE.dockerManifest);
    expect(there.body.config.mediaType).toBe(MEDIA_TYPE.dockerConfig);
    expect(there.body.layers.map((one) => one.mediaType)).toEqual([
      MEDIA_TYPE.dockerLayerGzip,
      MEDIA_TYPE.dockerLayerGzip,
    ]);

    const middle = createMemoryStore();
    await copyImage({
      source: there.store,
      sourceRef: there.root.digest,
      destination: middle,
      destinationTag: 'v1',
      concurrency: 2,
      emit: () => undefined,
    });
    const back = await convertV1(middle, { format: 'oci' });
    expect(back.root).toEqual(image.root);
    expect(back.warnings).toEqual([]);
  });

  it.each([
    ['oci', 'oci'],
    ['docker', 'v2s2'],
  ] as const)('of %s pass unchanged as %s', async (flavour, format) => {
    for (const image of [await makeImage({ flavour }), await makeIndex({ flavour })]) {
      const { root } = await convertV1(await storeOf(image), { format, preserveDigests: true });
      expect(root).toEqual(image.root);
    }
  });

  it.each([
    ['oci', MEDIA_TYPE.ociManifest, MEDIA_TYPE.dockerConfig, MEDIA_TYPE.ociLayerGzip],
    ['oci', MEDIA_TYPE.ociManifest, MEDIA_TYPE.ociConfig, MEDIA_TYPE.dockerLayerGzip],
    ['v2s2', MEDIA_TYPE.dockerManifest, MEDIA_TYPE.ociConfig, MEDIA_TYPE.dockerLayerGzip],
    ['v2s2', MEDIA_TYPE.dockerManifest, MEDIA_TYPE.dockerConfig, MEDIA_TYPE.ociLayerGzip],
  ] as const)(
    'that mix types become all %s: %s',
    async (format, mediaType, configType, layerType) => {
      const config = graphs.blob('{"architecture":"amd64","os":"linux"}', configType);
      const layer = graphs.blob('layer', layerType);
      const body = { mediaType, config: config.descriptor, layers: [layer.descriptor] };
      const { store } = await storeWith(body, [config, layer]);
      const { body: converted } = await convertV1(store, { format });
      const isOci = format === 'oci';
      expect(converted).toMatchObject({
        mediaType,
        config: {
          ...config.descriptor,
          mediaType: isOci ? MEDIA_TYPE.ociConfig : MEDIA_TYPE.dockerConfig,
        },
        layers: [
          {
            ...layer.descriptor,
            mediaType: isOci ? MEDIA_TYPE.ociLayerGzip : MEDIA_TYPE.dockerLayerGzip,
          },
        ],
      });
      await expect(convertV1(store, { format, preserveDigests: true })).rejects.toMatchObject({
        code: 'DIGEST_CHANGED',
      });
    },
  );

  it('map uncompressed and foreign layers both ways, urls kept', async () => {
    const digest = digestOf(utf8.encode('elsewhere'));
    const layer = (mediaType: string): Descriptor => ({
      mediaType,
      digest,
      size: 9,
      urls: ['https://example.com/layer'],
    });
    const pairs = [
      [MEDIA_TYPE.ociLayer, 'application/vnd.docker.image.rootfs.diff.tar'],
      [
        'application/vnd.oci.image.layer.nondistributable.v1.tar',
        'application/vnd.docker.image.rootfs.foreign.diff.tar',
      ],
      [
        'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
        MEDIA_TYPE.dockerForeignLayer,
      ],
    ] as const;
    const { store, root } = await storeWith({
      mediaType: MEDIA_TYPE.ociManifest,
      config: graphs.configFor('amd64').descriptor,
      layers: pairs.map(([oci]) => layer(oci)),
    });
    const docker = await convertV1(store, { format: 'v2s2' });
    expect(docker.body.layers).toEqual(pairs.map(([, v2s2]) => layer(v2s2)));

    const middle = createMemoryStore();
    await middle.push(
      { descriptor: docker.root, open: () => docker.store.fetch(docker.root) },
      { tag: 'v1' },
    );
    const back = await convertV1(middle, { format: 'oci' });
    expect(back.body.layers).toEqual(pairs.map(([oci]) => layer(oci)));
    expect(back.root.digest).toBe(root.digest);
  });

  it('lose their annotations in v2s2, said once; OCI keeps what it does not know', async () => {
    const config = graphs.configFor('amd64').descriptor;
    const annotations = { a: 'b' };
    const annotated = await storeWith({
      mediaType: MEDIA_TYPE.ociManifest,
      config: { ...config, annotations },
      layers: [],
      annotations,
    });
    const docker = await convertV1(annotated.store, { format: 'v2s2' });
    expect(docker.body.annotations).toBeUndefined();
    expect(docker.body.config.annotations).toBeUndefined();
    expect(docker.warnings).toHaveLength(1);

    const strange = await storeWith({
      mediaType: MEDIA_TYPE.dockerManifest,
      config: { ...config, mediaType: MEDIA_TYPE.dockerConfig },
      layers: [],
      ours: { kept: true },
    });
    const oci = await convertV1(strange.store, { format: 'oci' });
    expect(oci.body).toMatchObject({ mediaType: MEDIA_TYPE.ociManifest, ours: { kept: true } });
  });

  it.each([
    ['an artifact type', { artifactType: 'application/x-sbom' }],
    ['a subject', { subject: graphs.blob('x', MEDIA_TYPE.ociManifest).descriptor }],
    ['an empty config', { config: graphs.blob('{}', MEDIA_TYPE.ociEmpty).descriptor }],
    ['a layer of another kind', { layers: [graphs.blob('x', 'text/plain').descriptor] }],
    ['a zstd layer elsewhere', { layers: [graphs.blob('x', foreignZstd()).descriptor] }],
  ])('with %s are refused as v2s2', async (_what, parts) => {
    const { store } = await storeWith({
      mediaType: MEDIA_TYPE.ociManifest,
      config: graphs.configFor('amd64').descriptor,
      layers: [],
      ...parts,
    });
    await expect(convertV1(store, { format: 'v2s2' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('--format') as string,
    });
  });

  it('keep the algorithm of their digest', async () => {
    const config = graphs.configFor('amd64');
    const data = utf8.encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.ociManifest,
        config: config.descriptor,
        layers: [],
      }),
    );
    const store = createMemoryStore();
    await store.push(sourceFromBytes(config.descriptor, config.data));
    const digest = digestOf(data, 'sha512');
    await store.push(
      sourceFromBytes({ mediaType: MEDIA_TYPE.ociManifest, digest, size: data.byteLength }, data),
      { tag: 'v1' },
    );
    const { root } = await convertV1(store, { format: 'v2s2' });
    expect(root.digest).toMatch(/^sha512:[0-9a-f]{128}$/u);
  });

  describe('of schema 1', () => {
    const tar = utf8.encode('the tar of a layer');
    const layer = graphs.blob(gzipSync(tar));
    const plain = graphs.blob('an uncompressed layer');
    const v1 = (members: object) => ({ v1Compatibility: JSON.stringify(members) });
    const made = { os: 'linux', architecture: 'amd64', config: { Cmd: ['sh'] } };
    const step = (id: string, more: object) => v1({ id, created: '2016-01-01T00:00:00Z', ...more });
    const body = {
      schemaVersion: 1,
      mediaType: MEDIA_TYPE.dockerSchema1,
      fsLayers: [layer, layer, plain].map(({ descriptor }) => ({ blobSum: descriptor.digest })),
      // Newest first.
      history: [
        step('c', { ...made, parent: 'b', container_config: { Cmd: ['sh', '-c', 'last'] } }),
        step('b', { parent: 'a', throwaway: true, comment: 'no layer' }),
        step('a', { author: 'me' }),
      ],
    };

    it.each([
      [
        'oci',
        MEDIA_TYPE.ociManifest,
        MEDIA_TYPE.ociConfig,
        MEDIA_TYPE.ociLayer,
        MEDIA_TYPE.ociLayerGzip,
      ],
      [
        'v2s2',
        MEDIA_TYPE.dockerManifest,
        MEDIA_TYPE.dockerConfig,
        MEDIA_TYPE.dockerLayer,
        MEDIA_TYPE.dockerLayerGzip,
      ],
    ] as const)('become %s', async (format, mediaType, configType, plainType, gzipType) => {
      const { store: source } = await storeWith(body, [layer, plain]);
      const { store, body: manifest } = await convertV1(source, { format });
      expect(manifest).toMatchObject({
        mediaType,
        config: { mediaType: configType },
        layers: [
          { ...plain.descriptor, mediaType: plainType },
          { ...layer.descriptor, mediaType: gzipType },
        ],
      });
      const config: unknown = JSON.parse(
        String(Buffer.from(await fetchAll(store, manifest.config))),
      );
      const created = '2016-01-01T00:00:00Z';
      expect(config).toEqual({
        ...made,
        created,
        container_config: { Cmd: ['sh', '-c', 'last'] },
        rootfs: { type: 'layers', diff_ids: [plain.descriptor.digest, digestOf(tar)] },
        history: [
          { created, author: 'me' },
          { created, comment: 'no layer', empty_layer: true },
          { created, created_by: 'sh -c last' },
        ],
      });
    });

    it.each([
      [{ ...body, history: [] }, 'INVALID_MANIFEST'],
      [{ ...body, fsLayers: [{}, {}, {}] }, 'INVALID_MANIFEST'],
      [{ ...body, history: [v1([]), v1({}), v1({})] }, 'INVALID_MANIFEST'],
      [body, 'BLOB_UNKNOWN'],
    ])('are refused where they are not whole', async (broken, code) => {
      const { store } = await storeWith(broken);
      await expect(convertV1(store, { format: 'oci' })).rejects.toMatchObject({ code });
    });

    it('are refused where no format was asked for, with what to do', async () => {
      const { store } = await storeWith(body, [layer, plain]);
      await expect(convertV1(store, {})).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        hint: expect.stringContaining('--format oci') as string,
      });
    });
  });
});

describe('an index', () => {
  it('is rewritten around its converted images, platforms kept', async () => {
    const image = await makeIndex();
    const { store, root, body } = await convertV1(await storeOf(image), { format: 'v2s2' });
    expect(root.mediaType).toBe(MEDIA_TYPE.dockerList);
    expect(body.manifests.map((one) => one.platform)).toEqual(PLATFORMS);
    for (const child of body.manifests) {
      expect(child.mediaType).toBe(MEDIA_TYPE.dockerManifest);
      const inner = await bodyOf(store, child);
      expect(inner.config.mediaType).toBe(MEDIA_TYPE.dockerConfig);
    }
  });

  it('nested in another is converted with it', async () => {
    const inner = graphs.index(
      [graphs.image({ config: graphs.configFor('arm64') })],
      [{ os: 'linux', architecture: 'arm64' }],
    );
    const outer = graphs.index([graphs.image(), inner]);
    const source = createMemoryStore();
    await graphs.store(source, outer, 'v1');
    const { store, body } = await convertV1(source, { format: 'v2s2' });
    const [image, list] = body.manifests;
    // Its configuration says the platform that the entry left out.
    expect(image?.platform).toEqual({ os: 'linux', architecture: 'amd64' });
    expect(list?.mediaType).toBe(MEDIA_TYPE.dockerList);
    const [leaf] = (await bodyOf(store, list as Descriptor)).manifests;
    expect(leaf).toMatchObject({
      mediaType: MEDIA_TYPE.dockerManifest,
      platform: { os: 'linux', architecture: 'arm64' },
    });
  });

  it('of mixed formats becomes one format', async () => {
    const docker = await makeImage({ flavour: 'docker' });
    const source = await storeOf(docker);
    const bytes = utf8.encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.ociIndex,
        manifests: [{ ...docker.root, platform: PLATFORMS[0], annotations: { kept: 'yes' } }],
        annotations: { also: 'kept' },
      }),
    );
    const root = { mediaType: MEDIA_TYPE.ociIndex, digest: digestOf(bytes), size: bytes.length };
    await source.push(sourceFromBytes(root, bytes), { tag: 'v1' });
    const { body } = await convertV1(source, { format: 'oci' });
    expect(body.annotations).toEqual({ also: 'kept' });
    expect(body.manifests[0]).toMatchObject({
      mediaType: MEDIA_TYPE.ociManifest,
      annotations: { kept: 'yes' },
    });
  });

  describe('with attestations', () => {
    async function attested() {
      const docker = await makeImage({ flavour: 'docker' });
      const source = await storeOf(docker);
      const statement = graphs.blob('{}', 'application/vnd.in-toto+json');
      const attestation = graphs.image({ layers: [statement] });
      await graphs.store(source, attestation);
      const entry = {
        ...attestation.descriptor,
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': docker.root.digest,
        },
      };
      const bytes = utf8.encode(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: MEDIA_TYPE.ociIndex,
          manifests: [{ ...docker.root, platform: PLATFORMS[0] }, entry],
        }),
      );
      const root = { mediaType: MEDIA_TYPE.ociIndex, digest: digestOf(bytes), size: bytes.length };
      await source.push(sourceFromBytes(root, bytes), { tag: 'v1' });
      return { source, entry };
    }

    it('keeps them pointing at what their images became', async () => {
      const { source, entry } = await attested();
      const { body } = await convertV1(source, { format: 'oci' });
      const [image, attestation] = body.manifests;
      expect(image?.digest).not.toBe(entry.annotations['vnd.docker.reference.digest']);
      expect(attestation?.digest).toBe(entry.digest);
      expect(attestation?.annotations).toEqual({
        ...entry.annotations,
        'vnd.docker.reference.digest': image?.digest,
      });
    });

    it('leaves them out of v2s2 and says so', async () => {
      const { source } = await attested();
      const { body, warnings } = await convertV1(source, { format: 'v2s2' });
      expect(body.manifests).toHaveLength(1);
      expect(warnings.join('\n')).toContain('attestations');
    });
  });
});

describe('the converted store', () => {
  it('is copied from by the digest it resolves to, and reads each manifest once', async () => {
    const image = await makeIndex();
    const inner = await storeOf(image);
    const fetched: string[] = [];
    const source = {
      ...inner,
      fetch: (...args: Parameters<typeof inner.fetch>) => {
        fetched.push(args[0].digest);
        return inner.fetch(...args);
      },
    };
    const { store, root } = await convertV1(source, { format: 'v2s2' });
    const destination = createMemoryStore();
    const summary = await copyImage({
      source: store,
      sourceRef: root.digest,
      destination,
      destinationTag: 'v1',
      concurrency: 3,
      emit: () => undefined,
    });
    expect(summary.descriptor.digest).toBe(root.digest);
    expect((await destination.resolve('v1')).mediaType).toBe(MEDIA_TYPE.dockerList);
    expect(fetched.length).toBe(new Set(fetched).size);
  });

  it('refuses with preserveDigests instead of changing', async () => {
    const source = await storeOf(await makeIndex());
    const refused = convertV1(source, { format: 'v2s2', preserveDigests: true });
    await expect(refused).rejects.toMatchObject({ code: 'DIGEST_CHANGED', exitStatus: 3 });
  });

  it('knows no referrers of what it changed', async () => {
    const image = graphs.image();
    const source = createMemoryStore();
    await graphs.store(source, image, 'v1');
    await graphs.store(source, graphs.image({ subject: image.descriptor }));
    const count = async (format: 'oci' | 'v2s2'): Promise<number> => {
      const { store, root } = await convertV1(source, { format });
      let found = 0;
      for await (const one of store.capabilities.referrers?.referrers(root.digest) ?? [])
        found += one.size > 0 ? 1 : 0;
      return found;
    };
    expect(await count('oci')).toBe(1);
    expect(await count('v2s2')).toBe(0);
  });
});

function foreignZstd(): string {
  return 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd';
}
