import { describe, expect, it } from 'vitest';
import { copyImage } from '../../src/copy/copy-image.ts';
import type { CopyOptions } from '../../src/copy/types.ts';
import { openImage } from '../../src/image/view.ts';
import { ManifestBudget } from '../../src/store/manifests.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { blob, configFor, image, index, store, type TestImage } from '../helpers/graphs.ts';
import { watchStore } from '../helpers/watched-store.ts';

const LEVELS = 14;
const arm = image({ config: configFor('arm64'), layers: [blob('arm64')] });

/** Each index lists the one below it ten times: ten paths for every level, few bytes. */
function bomb(): TestImage {
  let top = index([arm], [{ os: 'linux', architecture: 'arm64' }]);
  for (let level = 0; level < LEVELS; level += 1) {
    top = index(Array.from({ length: 10 }, () => top));
  }
  return top;
}

async function setUp() {
  const from = createMemoryStore('from');
  await store(from, bomb(), 'v1');
  const source = watchStore(from);
  const to = createMemoryStore('to');
  const copy = (extra: Partial<CopyOptions>) =>
    copyImage({
      source: source.store,
      sourceRef: 'v1',
      destination: to,
      destinationTag: 'v1',
      concurrency: 3,
      emit: () => undefined,
      ...extra,
    });
  return { source, to, copy };
}

const LINUX_ARM = { os: 'linux', architecture: 'arm64' };
const LINUX_S390 = { os: 'linux', architecture: 's390x' };

describe('indexes that list the same index many times', () => {
  it('are copied whole, each manifest once', async () => {
    const { source, to, copy } = await setUp();
    await copy({});
    expect(await to.has(arm.descriptor)).toBe(true);
    expect(source.calls.length).toBeLessThan(4 * LEVELS);
  });

  it.each([
    ['for one platform', { platforms: [LINUX_ARM] }, undefined],
    ['for a platform that is not there', { platforms: [LINUX_S390] }, 'PLATFORM_UNKNOWN'],
    ['for two platforms', { platforms: [LINUX_ARM, LINUX_S390] }, 'PLATFORM_UNKNOWN'],
    ['with referrers', { referrers: true }, undefined],
  ] as const)('are searched once %s', async (_what, extra, code) => {
    const { source, copy } = await setUp();
    const end = await copy(extra).then(
      () => undefined,
      (error: unknown) => (error as { code: string }).code,
    );
    expect(end).toBe(code);
    expect(source.calls.length).toBeLessThan(8 * LEVELS);
  });

  it('are searched once to be shown', async () => {
    const { source } = await setUp();
    const shown = openImage(source.store, 'v1', { host: LINUX_S390, platform: LINUX_S390 });
    await expect(shown).rejects.toMatchObject({ code: 'PLATFORM_UNKNOWN' });
    expect(source.calls.length).toBeLessThan(4 * LEVELS);
  });
});

it('manifests held at once have a bound, and room again when they are done with', async () => {
  const from = createMemoryStore('from');
  await store(from, arm, 'v1');
  const budget = new ManifestBudget(2 * arm.descriptor.size);
  await budget.fetch(from, arm.descriptor);
  await budget.fetch(from, arm.descriptor);
  await expect(budget.fetch(from, arm.descriptor)).rejects.toMatchObject({
    code: 'RESPONSE_TOO_LARGE',
  });
  budget.release(arm.descriptor);
  expect((await budget.fetch(from, arm.descriptor)).kind).toBe('image');
});
