import { zstdCompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/save/run.ts';
import { digestOf, type Digest } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import { openDockerArchiveForRead } from '../../../src/transports/docker-archive/open.ts';
import { openDockerArchiveForWrite } from '../../../src/transports/docker-archive/write-store.ts';
import { fetchManifest } from '../../../src/store/manifests.ts';
import { fetchAll } from '../../../src/store/verify.ts';
import { makeImage, makeIndex, PLATFORMS, type TestImage } from '../../helpers/images.ts';
import { placesIn } from '../../helpers/pipes.ts';
import { tempDir } from '../../helpers/temp.ts';
import { fakeContext, input, jsonOf, storeWith, textOf } from '../fake-context.ts';

async function setUp(images: Readonly<Record<string, TestImage>>) {
  const dir = await tempDir();
  const context = fakeContext({
    requestCount: () => 7,
    openRead: async ({ name }) => {
      const image = images[name];
      if (image === undefined) throw new Error(`Unexpected name ${name}`);
      return storeWith({ v1: image, latest: image }, name);
    },
    openWrite: async (location) => openDockerArchiveForWrite(location, placesIn(dir.path)),
  });
  const file = dir.join('a.tar');
  return {
    file,
    context,
    save: (names: readonly string[]) => run(context, input(names, { output: file }), {}),
    open: () => openDockerArchiveForRead(file, placesIn(dir.path)),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

/** The image with its layers compressed with zstd. */
function inZstd({ root, nodes }: TestImage): TestImage {
  const copy = new Map(nodes);
  const manifest = JSON.parse(Buffer.from(nodes.get(root.digest)?.bytes ?? []).toString()) as {
    layers: { digest: Digest; mediaType: string; size: number }[];
  };
  for (const layer of manifest.layers) {
    const bytes = zstdCompressSync(gunzipSync(nodes.get(layer.digest)?.bytes ?? Buffer.of()));
    copy.delete(layer.digest);
    Object.assign(layer, {
      digest: digestOf(bytes),
      size: bytes.byteLength,
      mediaType: MEDIA_TYPE.ociLayerZstd,
    });
    copy.set(layer.digest, { descriptor: { ...layer }, bytes });
  }
  const bytes = Buffer.from(JSON.stringify(manifest));
  const descriptor = { ...root, digest: digestOf(bytes), size: bytes.byteLength };
  copy.delete(root.digest);
  copy.set(descriptor.digest, { descriptor, bytes });
  return { root: descriptor, nodes: copy };
}

describe('save', () => {
  it('puts images into one archive, each under its name, indexes as this platform', async () => {
    const [image, index] = await Promise.all([makeImage(), makeIndex()]);
    await using setup = await setUp({ 'docker.io/library/app': image, 'r.example/multi': index });
    const result = await setup.save(['app:v1', 'r.example/multi']);
    await using archive = await setup.open();
    const tags = await Array.fromAsync(archive.capabilities.tags?.tags() ?? []);
    expect(tags.flat()).toEqual(['app:v1', 'r.example/multi:latest']);
    expect(jsonOf(result)).toMatchObject({
      File: setup.file,
      Images: [
        { Source: 'docker.io/library/app:v1', Name: 'app:v1', Digest: image.root.digest },
        { Name: 'r.example/multi:latest', MediaType: MEDIA_TYPE.ociManifest },
      ],
      Requests: 7,
    });
    expect(textOf(result).split('\n')[0]).toBe(`app:v1@${image.root.digest}`);
    const root = await archive.resolve('r.example/multi');
    const manifest = await fetchManifest(archive, root, {});
    if (manifest.kind !== 'image') throw new Error('not an image');
    const config = JSON.parse(
      Buffer.from(await fetchAll(archive, manifest.config)).toString(),
    ) as unknown;
    expect(config).toMatchObject({ architecture: PLATFORMS[0]?.architecture });
  });

  it('saves what is named only by a digest without a name, and says so', async () => {
    const image = await makeImage();
    await using setup = await setUp({ 'r.example/app': image });
    await setup.save([`r.example/app@${image.root.digest}`]);
    await using archive = await setup.open();
    expect(await Array.fromAsync(archive.capabilities.tags?.tags() ?? [])).toEqual([]);
    expect((await archive.resolve(undefined)).mediaType).toBe(MEDIA_TYPE.dockerManifest);
    expect(setup.context.notes.join()).toContain('it is saved without');
  });

  it('stores zstd layers uncompressed, as Docker before 23 loads no other', async () => {
    const plain = await makeImage();
    const image = inZstd(plain);
    await using setup = await setUp({ 'r.example/app': image });
    await setup.save(['r.example/app:v1']);
    await using archive = await setup.open();
    const manifest = await fetchManifest(archive, await archive.resolve(undefined), {});
    if (manifest.kind !== 'image') throw new Error('not an image');
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([
      MEDIA_TYPE.dockerLayer,
      MEDIA_TYPE.dockerLayer,
    ]);
    const config = JSON.parse(Buffer.from(await fetchAll(archive, manifest.config)).toString()) as {
      rootfs: { diff_ids: string[] };
    };
    expect(manifest.layers.map(({ digest }) => digest)).toEqual(config.rootfs.diff_ids);
    for (const layer of manifest.layers) await fetchAll(archive, layer);
  });

  it('leaves no archive if one of the images is missing', async () => {
    const image = await makeImage();
    await using setup = await setUp({ 'r.example/app': image });
    await expect(setup.save(['r.example/app:v1', 'r.example/app:none'])).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
    await expect(setup.open()).rejects.toMatchObject({ code: 'PATH_UNKNOWN' });
  });
});
