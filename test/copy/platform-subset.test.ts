import { describe, expect, it } from 'vitest';
import { copyImage } from '../../src/copy/copy-image.ts';
import type { CopyOptions } from '../../src/copy/types.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parsePlatform } from '../../src/oci/platform.ts';
import { describeManifest, parseManifest, type IndexManifest } from '../../src/oci/manifest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { fetchManifest } from '../../src/store/manifests.ts';
import type { WriteStore } from '../../src/store/types.ts';
import { blob, configFor, image, index, store, type TestImage } from '../helpers/graphs.ts';
import { watchStore } from '../helpers/watched-store.ts';

const platformOf = (architecture: string, variant?: string) => ({
  os: 'linux',
  architecture,
  ...(variant === undefined ? {} : { variant }),
});

const imageFor = (architecture: string): TestImage =>
  image({ config: configFor(architecture), layers: [blob('shared'), blob(architecture)] });

const [amd64, arm64, armv6, armv7] = ['amd64', 'arm64', 'armv6', 'armv7'].map(imageFor) as [
  TestImage,
  TestImage,
  TestImage,
  TestImage,
];

/** An index as BuildKit writes it: an attestation beside each image, with members of its own. */
function built(images: readonly (readonly [TestImage, Descriptor['platform']])[]): TestImage {
  const entries = images.flatMap(([one, platform]) => {
    const statement = image({ layers: [blob(`about ${one.descriptor.digest}`)] });
    return [
      { ...one, entry: { ...one.descriptor, platform, 'x-own': 1 } },
      {
        ...statement,
        entry: {
          ...statement.descriptor,
          platform: { os: 'unknown', architecture: 'unknown' },
          annotations: {
            'vnd.docker.reference.type': 'attestation-manifest',
            'vnd.docker.reference.digest': one.descriptor.digest,
          },
        },
      },
    ];
  });
  const body = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: entries.map(({ entry }) => entry),
    'x-kept': true,
  };
  const data = new TextEncoder().encode(JSON.stringify(body, null, 3));
  const manifest = parseManifest(data);
  const below = entries.flatMap((one) => [...one.below, one]);
  return { descriptor: describeManifest(manifest), data, manifest, below };
}

const whole = built([
  [amd64, platformOf('amd64')],
  [arm64, platformOf('arm64', 'v8')],
  [armv6, platformOf('arm', 'v6')],
  [armv7, platformOf('arm', 'v7')],
]);

async function copied(root: TestImage, extra: Partial<CopyOptions>, into?: WriteStore) {
  const source = createMemoryStore('from');
  await store(source, root, 'v1');
  const to = into ?? createMemoryStore('to');
  const destination = watchStore(to);
  const summary = await copyImage({
    source,
    sourceRef: 'v1',
    destination: destination.store,
    destinationTag: 'v1',
    concurrency: 3,
    emit: () => undefined,
    ...extra,
  });
  const manifest = await fetchManifest(to, summary.descriptor);
  return { to, summary, manifest, calls: destination.calls };
}

const digestsOf = (manifest: unknown): string[] =>
  (manifest as IndexManifest).manifests.map((one) => one.digest);

describe('several platforms', () => {
  it('keep their images and attestations, and what regctl does not know of the index', async () => {
    const { to, manifest, summary } = await copied(whole, {
      platforms: [platformOf('amd64'), platformOf('arm', 'v7')],
    });
    const all = digestsOf(whole.manifest);
    expect(digestsOf(manifest)).toEqual([all[0], all[1], all[6], all[7]]);
    const text = new TextDecoder().decode(manifest.raw);
    expect(JSON.parse(text)).toMatchObject({
      'x-kept': true,
      manifests: [{ 'x-own': 1 }, {}, {}, {}],
    });
    expect(text.startsWith('{\n   "schemaVersion"')).toBe(true);
    expect(summary.descriptor.digest).not.toBe(whole.descriptor.digest);
    expect(await to.has(arm64.descriptor)).toBe(false);
    expect(await to.has(blob('armv7').descriptor)).toBe(true);
  });

  it('without a variant take every variant', async () => {
    const { manifest } = await copied(whole, {
      platforms: [platformOf('arm'), platformOf('amd64')],
    });
    expect(digestsOf(manifest)).toHaveLength(6);
  });

  it('that are all there leave the index as it is', async () => {
    const { summary } = await copied(whole, {
      platforms: ['amd64', 'arm64', 'arm'].map((name) => platformOf(name)),
      preserveDigests: true,
    });
    expect(summary.descriptor.digest).toBe(whole.descriptor.digest);
  });

  it('are refused with the list of what there is when one is missing, before anything is written', async () => {
    const to = watchStore(createMemoryStore('to'));
    const wanted = { platforms: [platformOf('amd64'), platformOf('s390x')] };
    await expect(copied(whole, wanted, to.store)).rejects.toMatchObject({
      code: 'PLATFORM_UNKNOWN',
      exitStatus: 2,
      cause: { details: { platform: 'linux/s390x' } },
      hint: 'Available platforms: linux/amd64, linux/arm64/v8, linux/arm/v6, linux/arm/v7.',
    });
    expect(to.calls.filter((call) => call.startsWith('push'))).toEqual([]);
  });

  it('are refused with preserveDigests when the index would change', async () => {
    const wanted = { platforms: [platformOf('amd64'), platformOf('arm64')], preserveDigests: true };
    await expect(copied(whole, wanted)).rejects.toMatchObject({
      code: 'DIGEST_CHANGED',
      exitStatus: 3,
    });
  });

  it('reach into nested indexes, whose images are then listed directly', async () => {
    const nested = index([
      index([amd64, armv6], [platformOf('amd64'), platformOf('arm', 'v6')]),
      index([arm64], [platformOf('arm64')]),
    ]);
    const { manifest } = await copied(nested, {
      platforms: [platformOf('amd64'), platformOf('arm64')],
    });
    expect(digestsOf(manifest)).toEqual([amd64.descriptor.digest, arm64.descriptor.digest]);
  });

  it('are all asked of a single image', async () => {
    const hint = 'Available platforms: linux/amd64.';
    const { summary } = await copied(amd64, { platforms: [platformOf('amd64')] });
    expect(summary.descriptor.digest).toBe(amd64.descriptor.digest);
    for (const other of ['arm64', 's390x']) {
      const platforms = [platformOf('amd64'), platformOf(other)];
      await expect(copied(amd64, { platforms })).rejects.toMatchObject({
        code: 'PLATFORM_UNKNOWN',
        hint,
      });
    }
  });

  it('are said to change the digest only when they do', async () => {
    const notes = async (wanted: readonly string[]): Promise<readonly string[]> => {
      const said: string[] = [];
      await copied(whole, {
        platforms: wanted.map((name) => parsePlatform(name)),
        emit: (event) => void (event.type === 'note' && said.push(event.text)),
      });
      return said;
    };
    expect(await notes(['linux/amd64', 'linux/arm64', 'linux/arm'])).toEqual([]);
    expect(await notes(['linux/amd64', 'linux/arm64'])).toEqual([
      'the index is rewritten for linux/amd64, linux/arm64, so its digest changes',
    ]);
    expect(await notes(['linux/amd64'])).toEqual([
      'only linux/amd64 of the index is copied, under the digest of that image',
    ]);
  });

  it('are not spoken of for a single image', async () => {
    const said: unknown[] = [];
    await copied(amd64, {
      platforms: [platformOf('amd64')],
      emit: (event) => void (event.type === 'note' && said.push(event)),
    });
    expect(said).toEqual([]);
  });

  it('keep the algorithm of the digest', async () => {
    const digest = digestOf(whole.data, 'sha512');
    const root = { ...whole, descriptor: { ...whole.descriptor, digest } };
    const { summary } = await copied(root, {
      platforms: [platformOf('amd64'), platformOf('arm64')],
    });
    expect(summary.descriptor.digest).toMatch(/^sha512:/u);
  });
});

describe('index only', () => {
  it('writes the index and none of its images', async () => {
    const { calls } = await copied(whole, { indexOnly: true });
    expect(calls.filter((call) => call.startsWith('push'))).toEqual([
      `push ${whole.descriptor.digest}`,
    ]);
  });

  it('copies an image that is no index whole', async () => {
    const { to } = await copied(amd64, { indexOnly: true });
    expect(await to.has(blob('amd64').descriptor)).toBe(true);
  });
});
