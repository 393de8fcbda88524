import { describe, expect, it } from 'vitest';
import { copyTags, type CopyTagsOptions } from '../../src/copy/copy-tags.ts';
import type { CopyEvent } from '../../src/copy/types.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { WriteStore } from '../../src/store/types.ts';
import { blob, image, index, store, type TestImage } from '../helpers/graphs.ts';
import { watchStore, type Call, type Interference } from '../helpers/watched-store.ts';

const base = blob('base');
const child = image({ layers: [base, blob('child')] });
const IMAGES: Readonly<Record<string, TestImage>> = {
  a: image({ layers: [base, blob('a')] }),
  b: image({ layers: [base, blob('b')] }),
  c: index([child, image({ layers: [blob('c')] })]),
  d: index([child, image({ layers: [blob('d')] })]),
};

async function setUp(
  interference: { source?: Interference; destination?: Interference } = {},
  images = IMAGES,
  prepare: (into: WriteStore) => Promise<void> = async () => {},
) {
  const from = createMemoryStore('from');
  for (const [tag, root] of Object.entries(images)) await store(from, root, tag);
  const to = createMemoryStore('to');
  await prepare(to);
  const source = watchStore(from, interference.source);
  const destination = watchStore(to, interference.destination);
  const events: CopyEvent[] = [];
  const run = (extra: Partial<CopyTagsOptions> = {}) =>
    copyTags({
      source: source.store,
      destination: destination.store,
      tags: Object.keys(images),
      concurrency: 4,
      emit: (event) => events.push(event),
      ...extra,
    });
  return { from, to, source, destination, events, run };
}

const tally = (calls: readonly Call[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const call of calls) {
    const [verb = ''] = call.split(' ');
    counts[verb] = (counts[verb] ?? 0) + 1;
  }
  return counts;
};

describe('many tags', () => {
  it('move shared blobs and shared children once, and look nothing up that the list answers', async () => {
    const { to, source, destination, run } = await setUp();
    const { images } = await run();
    expect(images.map(({ tag }) => tag)).toEqual(['a', 'b', 'c', 'd']);
    for (const [tag, root] of Object.entries(IMAGES))
      expect((await to.resolve(tag)).digest).toBe(root.descriptor.digest);
    const pushed = destination.calls.filter((call) => call.startsWith('push'));
    expect(new Set(pushed).size).toBe(pushed.length);
    const nodes = new Set(
      Object.values(IMAGES).flatMap((root) => [
        root.descriptor.digest,
        ...root.below.map((node) => node.descriptor.digest),
      ]),
    );
    expect(tally(destination.calls)).toEqual({ push: nodes.size, commit: 1 });
    expect(tally(source.calls)).toEqual({ content: 4, fetch: nodes.size });
  });

  it('with nothing to do ask each side once a tag', async () => {
    const { from, destination, source, run } = await setUp({}, IMAGES, async (to) => {
      for (const [tag, root] of Object.entries(IMAGES)) await store(to, root, tag);
    });
    const { images } = await run();
    expect(images.every((one) => one.error === undefined && one.unchanged)).toBe(true);
    expect(tally(source.calls)).toEqual({ either: 4 });
    expect(tally(destination.calls)).toEqual({ resolve: 4, commit: 1 });
    expect(from.label).toBe('from');
  });

  it('of one image write it once and tag it again', async () => {
    const root = image({ layers: [blob('same')] });
    const { to, destination, run } = await setUp({}, { v1: root, latest: root, stable: root });
    await run();
    const digests = await Promise.all(['v1', 'latest', 'stable'].map((tag) => to.resolve(tag)));
    expect(new Set(digests.map(({ digest }) => digest)).size).toBe(1);
    expect(tally(destination.calls)).toEqual({ push: 3 + root.below.length, commit: 1 });
  });

  it('are copied although some fail, and the failed are named', async () => {
    const broken = `fetch ${blob('b').descriptor.digest}`;
    const before = async (call: Call): Promise<void> => {
      if (call === broken) throw new AppError('BLOB_UNKNOWN', 'gone');
    };
    const { to, events, run } = await setUp({ source: { before } });
    const { images } = await run();
    expect(images.map(({ tag, error }) => [tag, error?.code])).toEqual([
      ['a', undefined],
      ['b', 'BLOB_UNKNOWN'],
      ['c', undefined],
      ['d', undefined],
    ]);
    await expect(to.resolve('b')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    const warnings = events.filter((event) => event.type === 'warning');
    expect(warnings).toEqual([{ type: 'warning', text: 'b was not copied: source: gone' }]);
  });

  it('try content again that failed for an earlier tag', async () => {
    let failures = 0;
    const before = async (call: Call): Promise<void> => {
      if (call !== `push ${base.descriptor.digest}` || failures > 0) return;
      failures += 1;
      throw new AppError('NETWORK', 'cut once');
    };
    const { to, run } = await setUp({ destination: { before } });
    const { images } = await run({ concurrency: 1 });
    expect(images.map(({ error }) => error?.code)).toEqual([
      'NETWORK',
      undefined,
      undefined,
      undefined,
    ]);
    expect((await to.resolve('b')).digest).toBe(IMAGES['b']?.descriptor.digest);
  });

  it('are given up when all fail alike', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`t${i}`, image({ layers: [blob(`t${i}`)] })]),
    );
    const before = async (call: Call): Promise<void> => {
      if (call.startsWith('push')) throw new AppError('FORBIDDEN', 'no right to push');
    };
    const { destination, run } = await setUp({ destination: { before } }, many);
    const { images } = await run({ concurrency: 1 });
    expect(images.every(({ error }) => error?.code === 'FORBIDDEN')).toBe(true);
    const tried = new Set(destination.calls.filter((call) => call.startsWith('push')));
    expect(tried.size).toBeLessThanOrEqual(20);
    expect(images.at(-1)?.error?.message).toContain('was not tried');
    expect(destination.calls).not.toContain('commit ');
  });

  it('are looked up one by one where the destination cannot list', async () => {
    const { destination, run } = await setUp();
    const { capabilities: _without, ...rest } = destination.store;
    await run({ destination: { ...rest, capabilities: {} } });
    expect(tally(destination.calls)['resolve']).toBe(4);
  });

  it('are looked up one by one with noClobber: a list may be old', async () => {
    const { to, destination, run } = await setUp({}, IMAGES, async (into) => {
      await store(into, image({ layers: [blob('other')] }), 'a');
    });
    const { images } = await run({ noClobber: true });
    expect(images.map(({ error }) => error?.code)).toEqual([
      'TAG_EXISTS',
      undefined,
      undefined,
      undefined,
    ]);
    expect(tally(destination.calls)['resolve']).toBe(4);
    expect((await to.resolve('a')).digest).not.toBe(IMAGES['a']?.descriptor.digest);
  });

  it('stop at once when aborted, with the reason', async () => {
    const controller = new AbortController();
    const reason = new AppError('INTERRUPTED', 'stop');
    const before = async (call: Call): Promise<void> => {
      if (call.startsWith('push')) controller.abort(reason);
    };
    const { source, destination, run } = await setUp({ destination: { before } });
    await expect(run({ signal: controller.signal })).rejects.toBe(reason);
    expect(source.running() + destination.running()).toBe(0);
    expect(destination.calls).not.toContain('commit ');
  });
});
