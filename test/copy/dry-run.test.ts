import { describe, expect, it } from 'vitest';
import { copyImage } from '../../src/copy/copy-image.ts';
import { createDryRunStore } from '../../src/copy/dry-run.ts';
import type { CopyOptions } from '../../src/copy/types.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { sourceFromBytes } from '../../src/store/verify.ts';
import { blob, image, index, store } from '../helpers/graphs.ts';
import { watchStore } from '../helpers/watched-store.ts';

const child = image({ layers: [blob('base'), blob('child')] });
const root = index([child, image({ layers: [blob('base'), blob('other')] })]);

async function rehearsed(extra: Partial<CopyOptions> = {}) {
  const from = createMemoryStore('from');
  await store(from, root, 'v1');
  const source = watchStore(from);
  const to = createMemoryStore('to');
  await to.push(sourceFromBytes(blob('base').descriptor, blob('base').data));
  const destination = watchStore(to);
  const rehearsal = createDryRunStore(destination.store);
  const summary = await copyImage({
    source: source.store,
    sourceRef: 'v1',
    destination: rehearsal,
    destinationTag: 'v1',
    concurrency: 3,
    emit: () => undefined,
    ...extra,
  });
  return { rehearsal, summary, source: source.calls, destination: destination.calls };
}

describe('a rehearsal', () => {
  it('counts what a copy would send, reads manifests alone and writes nothing', async () => {
    const { rehearsal, summary, source, destination } = await rehearsed();
    expect(summary.blobs).toEqual({ written: 3, mounted: 0, present: 1 });
    expect(rehearsal.tags).toEqual([
      {
        tag: 'v1',
        descriptor: expect.objectContaining({ digest: root.descriptor.digest }) as object,
      },
    ]);
    expect(source.filter((call) => call.startsWith('fetch'))).toHaveLength(3);
    expect(destination.every((call) => /^(?:has|resolve) /u.test(call))).toBe(true);
  });

  it('takes mounts for granted', async () => {
    const { summary } = await rehearsed({ mountFrom: () => ['other'] });
    expect(summary.blobs).toEqual({ written: 0, mounted: 3, present: 1 });
  });
});
