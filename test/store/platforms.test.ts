import { describe, expect, it } from 'vitest';
import { openImage } from '../../src/image/view.ts';
import type { IndexManifest } from '../../src/oci/manifest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { formatPlatform, parsePlatform } from '../../src/oci/platform.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { imagesOf, openPlatformIndex, selectPlatform } from '../../src/store/platforms.ts';
import { blob, configFor, image, index, store, type TestImage } from '../helpers/graphs.ts';
import { watchStore } from '../helpers/watched-store.ts';

const imageFor = (architecture: string, os = 'linux', variant?: string): TestImage =>
  image({ config: configFor(architecture, os, variant), layers: [blob(os + architecture)] });

const [amd64, arm64] = [imageFor('amd64'), imageFor('arm64')];

async function opened(root: TestImage) {
  const memory = createMemoryStore();
  await store(memory, root, 'v1');
  const watched = watchStore(memory);
  return { ...watched, from: openPlatformIndex(watched.store, root.manifest as IndexManifest) };
}

async function chosen(root: TestImage, wanted: string): Promise<string | undefined> {
  const { from } = await opened(root);
  return (await selectPlatform(from, parsePlatform(wanted)))?.chosen.descriptor.digest;
}

describe('an index whose entries name no platform', () => {
  const bare = index([arm64, amd64]);
  const attestation = image({ config: configFor('unknown', 'unknown'), layers: [blob('about')] });

  it.each([
    ['none of them', bare],
    ['one of them', index([arm64, amd64], [{ os: 'linux', architecture: 'arm64' }])],
    ['in a nested index', index([arm64, index([amd64])])],
    ['next to an attestation', index([attestation, arm64, amd64])],
  ])('is read by what the configurations say: %s', async (_where, root) => {
    expect(await chosen(root, 'linux/amd64')).toBe(amd64.descriptor.digest);
    expect(await chosen(root, 'linux/s390x')).toBeUndefined();
    const { store: from } = await opened(root);
    const view = await openImage(from, 'v1', { host: parsePlatform('linux/amd64') });
    expect(view.descriptor.digest).toBe(amd64.descriptor.digest);
    const names = (await view.platforms()).map(({ platform }) => formatPlatform(platform));
    expect(names).toEqual(['linux/arm64', 'linux/amd64']);
  });

  it('says what it has where a platform is missing', async () => {
    const { store: from } = await opened(bare);
    const [platform, host] = [parsePlatform('linux/s390x'), parsePlatform('linux/amd64')];
    await expect(openImage(from, 'v1', { platform, host })).rejects.toMatchObject({
      code: 'PLATFORM_UNKNOWN',
      hint: 'Available platforms: linux/arm64, linux/amd64.',
    });
  });

  it('costs no request where the entries say enough', async () => {
    const declared = index(
      [arm64, amd64, image({ layers: [blob('x')] })],
      [
        { os: 'linux', architecture: 'arm64' },
        { os: 'linux', architecture: 'amd64' },
      ],
    );
    const { from, calls } = await opened(declared);
    await selectPlatform(from, parsePlatform('linux/amd64'));
    expect(calls).toEqual([`fetch ${amd64.descriptor.digest}`]);
  });

  it('leaves an entry without a platform that is gone, damaged or an artifact', async () => {
    const artifact = image({ config: blob('{}', MEDIA_TYPE.ociEmpty) });
    const damaged = image({ config: blob('no JSON', MEDIA_TYPE.ociConfig) });
    const { from, store: held } = await opened(index([amd64, artifact, damaged, arm64]));
    await held.capabilities.remove!.removeManifest(arm64.descriptor.digest);
    expect(imagesOf(await from.entries())).toHaveLength(1);
  });
});

describe('a choice that the platform leaves open', () => {
  const versions = ['10.0.17763.6054', '10.0.20348.2582', '10.0.26100.1'];
  const windows = index(
    versions.map((version) => imageFor(version, 'windows')),
    versions.map((version) => parsePlatform(`windows/amd64:${version}`)),
  );

  it('is said for versions of a system', async () => {
    const { from } = await opened(windows);
    const found = await selectPlatform(from, parsePlatform('windows/amd64'));
    expect(found?.note).toBe(
      'windows/amd64 has 3 images with different os.version: using windows/amd64:10.0.17763.6054, not windows/amd64:10.0.20348.2582, windows/amd64:10.0.26100.1',
    );
    const exact = await selectPlatform(from, parsePlatform('windows/amd64:10.0.20348'));
    expect(exact).toMatchObject({ note: undefined });
    expect(await chosen(windows, 'windows/amd64:10.0.20349')).toBeUndefined();
  });

  it('is said for an older variant', async () => {
    const v6 = { os: 'linux', architecture: 'arm', variant: 'v6' };
    const { from } = await opened(index([imageFor('arm', 'linux', 'v6')], [v6]));
    const found = await selectPlatform(from, parsePlatform('linux/arm/v7'));
    expect(found?.note).toBe(
      'there is no image for linux/arm/v7: using linux/arm/v6, which runs there',
    );
  });
});
