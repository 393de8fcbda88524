import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { copyImage } from '../../src/copy/copy-image.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { fetchManifest } from '../../src/store/manifests.ts';
import { blob, image, index, store, type TestImage } from '../helpers/graphs.ts';
import { watchStore } from '../helpers/watched-store.ts';

const built = image({ layers: [blob('a slow layer')] });
const about = (subject: TestImage, what: string): TestImage =>
  image({ layers: [blob(what)], subject: subject.descriptor });

/** A destination that refuses a manifest whose subject it does not have, with one slow layer. */
async function copyStrictly(root: TestImage): Promise<readonly string[]> {
  const from = createMemoryStore('from');
  await store(from, root, 'v1');
  const to = createMemoryStore('to');
  const pushed: string[] = [];
  const destination = watchStore(to, {
    before: async (call) => {
      const [verb, digest = ''] = call.split(' ');
      if (verb !== 'push') return;
      if (digest === blob('a slow layer').descriptor.digest) await delay(30);
      const node = root.below.find(({ descriptor }) => descriptor.digest === digest);
      if (node === undefined || !node.descriptor.mediaType.includes('manifest')) return;
      const { subject } = await fetchManifest(from, node.descriptor);
      if (subject !== undefined && !(await to.has(subject)))
        throw new AppError('REGISTRY_ERROR', 'the subject is not there');
      pushed.push(digest);
    },
  });
  await copyImage({
    source: from,
    sourceRef: 'v1',
    destination: destination.store,
    destinationTag: 'v1',
    concurrency: 8,
    emit: () => undefined,
  });
  return pushed;
}

describe('a manifest goes after its subject', () => {
  it.each([
    ['next to it in an index, listed first', index([about(built, 'attestation'), built])],
    [
      'in chains, however they are listed',
      index([about(about(built, 'attestation'), 'signature'), about(built, 'attestation'), built]),
    ],
    ['in a nested index', index([about(built, 'attestation'), index([built])])],
    ['above a nested index', index([index([about(built, 'attestation')]), built])],
    ['between nested indexes', index([index([about(built, 'x')]), index([index([built])])])],
  ])('%s', async (_where, root) => {
    const pushed = await copyStrictly(root);
    const manifests = root.below.filter(({ descriptor }) =>
      descriptor.mediaType.includes('image.manifest'),
    );
    expect(pushed).toHaveLength(manifests.length);
  });

  it('does not wait for a subject that is not copied', async () => {
    const outside = about(image({ layers: [blob('elsewhere')] }), 'about it');
    const from = createMemoryStore('from');
    await store(from, index([outside, index([about(outside, 'about that')])]), 'v1');
    const to = createMemoryStore('to');
    await copyImage({
      source: from,
      sourceRef: 'v1',
      destination: to,
      destinationTag: 'v1',
      concurrency: 2,
      emit: () => undefined,
    });
    expect(await to.has(outside.descriptor)).toBe(true);
  });
});
