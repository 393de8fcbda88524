import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyImage } from '../../src/copy/copy-image.ts';
import type { CopyEvent, CopyOptions } from '../../src/copy/types.ts';
import { AppError, CopyError, RegistryError } from '../../src/errors/app-error.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { ReadStore, WriteStore } from '../../src/store/types.ts';
import { RetryOtherMirrorError } from '../../src/store/errors.ts';
import { sourceFromBytes, verified } from '../../src/store/verify.ts';
import { bytesOf } from '../../src/util/bytes.ts';
import { fuzzRuns } from '../fuzz/runs.ts';
import { blob, configFor, image, index, store, type TestImage } from '../helpers/graphs.ts';
import { watchStore, type Call, type Interference } from '../helpers/watched-store.ts';

const single = image({ layers: [blob('one'), blob('two')] });
const multi = index(
  [
    image({ config: configFor('amd64'), layers: [blob('shared'), blob('amd64')] }),
    image({ config: configFor('arm64'), layers: [blob('shared'), blob('arm64')] }),
  ],
  [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
  ],
);

async function setUp(
  root: TestImage,
  interference: { source?: Interference; destination?: Interference } = {},
  prepare: (into: WriteStore) => Promise<void> = async () => {},
) {
  const from = createMemoryStore('from');
  await store(from, root, 'v1');
  const to = createMemoryStore('to');
  await prepare(to);
  const source = watchStore(from, interference.source);
  const destination = watchStore(to, interference.destination);
  const events: CopyEvent[] = [];
  const run = (extra: Partial<CopyOptions> = {}) =>
    copyImage({
      source: source.store,
      sourceRef: 'v1',
      destination: destination.store,
      destinationTag: 'v1',
      concurrency: 4,
      emit: (event) => events.push(event),
      ...extra,
    });
  return { from, to, source, destination, events, run };
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('recheck', () => {
  /** A destination that has the manifests, and one layer less than they list. */
  const withHole = async (into: WriteStore): Promise<void> => {
    for (const { descriptor, data } of multi.below)
      if (descriptor.digest !== blob('arm64').descriptor.digest)
        await into.push(sourceFromBytes(descriptor, data));
    await into.push(sourceFromBytes(multi.descriptor, multi.data), { tag: 'v1' });
  };

  it('finds what is missing below manifests that are there', async () => {
    const { run, to } = await setUp(multi, {}, withHole);
    expect((await run()).unchanged).toBe(true);
    const summary = await run({ recheck: true });
    expect(summary.blobs).toMatchObject({ written: 1 });
    expect(await to.has(blob('arm64').descriptor)).toBe(true);
  });
});

describe('a source with other places', () => {
  it('is opened anew when a place breaks off, and each node counts once', async () => {
    const broken = new Set(single.below.map((node) => node.descriptor.digest));
    const from = createMemoryStore('from');
    await store(from, single, 'v1');
    const { to, events, run } = await setUp(single, {
      source: {
        fetch: async (descriptor, options) => {
          const bytes = await from.fetch(descriptor, options);
          if (!broken.delete(descriptor.digest)) return bytes;
          return (async function* () {
            for await (const chunk of bytes) yield chunk.map((byte) => byte ^ 1);
            throw new RetryOtherMirrorError(new AppError('DIGEST_MISMATCH', 'wrong'));
          })();
        },
      },
    });
    const summary = await run();
    expect(broken.size).toBe(0);
    expect(summary.blobs).toEqual({ written: 3, mounted: 0, present: 0 });
    expect((await to.resolve('v1')).digest).toBe(single.descriptor.digest);
    expect(events.filter(({ type }) => type === 'end')).toHaveLength(4);
  });

  it('ends when no place is left', async () => {
    const { run } = await setUp(single, {
      source: {
        fetch: async () => {
          throw new AppError('DIGEST_MISMATCH', 'the primary is damaged too');
        },
      },
    });
    expect(codeOf(await failureOf(run()))).toBe('DIGEST_MISMATCH');
  });
});

const pushes = (calls: readonly Call[]): string[] =>
  calls.filter((call) => call.startsWith('push ')).map((call) => call.slice(5));

const codeOf = (error: unknown): unknown => (error instanceof AppError ? error.code : error);

describe('request economy', () => {
  it('copies a new single image with one look-up, one read per node and one push per node', async () => {
    const { source, destination, run } = await setUp(single);
    const summary = await run();
    const nodes = [...single.below.map((node) => node.descriptor.digest), single.descriptor.digest];
    expect(source.calls.filter((call) => !call.startsWith('fetch'))).toEqual(['either v1']);
    expect(source.calls.filter((call) => call.startsWith('fetch')).toSorted()).toEqual(
      nodes.map((digest) => `fetch ${digest}`).toSorted(),
    );
    expect(destination.calls[0]).toBe('resolve v1');
    expect(destination.calls.slice(1, -1).toSorted()).toEqual(
      nodes.map((digest) => `push ${digest}`).toSorted(),
    );
    expect(summary.blobs).toEqual({ written: 3, mounted: 0, present: 0 });
  });

  it('asks each side once when there is nothing to do', async () => {
    const { source, destination, run } = await setUp(multi, {}, (to) => store(to, multi, 'v1'));
    const summary = await run();
    expect(source.calls).toEqual(['either v1']);
    expect(destination.calls).toEqual(['resolve v1', 'commit ']);
    expect(summary.descriptor.digest).toBe(multi.descriptor.digest);
    expect(summary.bytes.sent).toBe(0);
  });

  it('asks both sides at once', async () => {
    let arrived = 0;
    let both = (): void => {};
    const met = new Promise<void>((resolve) => (both = resolve));
    const before = async (call: Call): Promise<void> => {
      if (call !== 'resolve v1' && call !== 'either v1') return;
      arrived += 1;
      if (arrived === 2) both();
      await met;
    };
    const { destination, run } = await setUp(single, {
      source: { before },
      destination: { before },
    });
    await run();
    expect(pushes(destination.calls)).toHaveLength(4);
  });

  it('tells a source that waits what the destination said', async () => {
    const wanted: unknown[] = [];
    const copyOver = async (existing: TestImage | undefined): Promise<void> => {
      const { from, run } = await setUp(single, {}, async (to) => {
        if (existing !== undefined) await store(to, existing, 'v1');
      });
      const waiting: ReadStore = {
        ...from,
        resolve: async (ref, options) => {
          wanted.push(await options?.purpose);
          return from.resolve(ref, options);
        },
      };
      await run({ source: waiting });
    };
    for (const existing of [undefined, single, multi]) await copyOver(existing);
    expect(wanted).toEqual(['content', 'descriptor', 'descriptor']);
  });

  it('does not ask the source at all when it was named by the digest that the tag has', async () => {
    const { source, run } = await setUp(single, {}, (to) => store(to, single, 'v1'));
    await run({ sourceRef: single.descriptor.digest });
    expect(source.calls).toEqual([]);
  });

  it('sets missing additional tags and leaves equal ones', async () => {
    const { to, destination, run } = await setUp(single, {}, async (into) => {
      await store(into, single, 'v1');
      await into.tag(single.descriptor, 'same');
    });
    await run({ additionalTags: ['same', 'new'] });
    expect(destination.calls).toEqual([
      'resolve v1',
      'resolve same',
      'resolve new',
      'tag new',
      'commit ',
    ]);
    expect((await to.resolve('new')).digest).toBe(single.descriptor.digest);
  });

  it('looks for child manifests only where the tag existed, and skips what they stand for', async () => {
    const fresh = await setUp(multi);
    await fresh.run();
    expect(fresh.destination.calls.filter((call) => call.startsWith('has'))).toEqual([]);

    const [first] = multi.manifest.kind === 'index' ? multi.manifest.manifests : [];
    const amd64 = image({ config: configFor('amd64'), layers: [blob('shared'), blob('amd64')] });
    expect(amd64.descriptor.digest).toBe(first?.digest);
    const { destination, run } = await setUp(multi, {}, (to) => store(to, amd64, 'v1'));
    await run();
    expect(pushes(destination.calls)).not.toContain(amd64.descriptor.digest);
    expect(pushes(destination.calls)).not.toContain(blob('amd64').descriptor.digest);
    expect(pushes(destination.calls)).toContain(blob('arm64').descriptor.digest);
  });

  it('only tags when the destination has the digest under another name', async () => {
    const { destination, to, run } = await setUp(single, {}, async (into) => {
      await store(into, single, 'other');
      await store(into, image(), 'v1');
    });
    await run();
    expect(pushes(destination.calls)).toEqual([single.descriptor.digest]);
    expect((await to.resolve('v1')).digest).toBe(single.descriptor.digest);
  });

  it('retags inside one repository with one read and one write', async () => {
    const repository = createMemoryStore();
    await store(repository, multi, 'v1');
    const { store: watched, calls } = watchStore(repository);
    await copyImage({
      source: watched,
      sourceRef: 'v1',
      destination: watched,
      destinationTag: 'v2',
      sameRepository: true,
      concurrency: 2,
      emit: () => {},
    });
    const { digest } = multi.descriptor;
    expect(calls).toEqual(['content v1', `fetch ${digest}`, `push ${digest}`, 'commit ']);
  });
});

describe('platform choice', () => {
  it('copies the one image of an index, as a single image', async () => {
    const { to, run } = await setUp(multi);
    const summary = await run({
      platforms: [{ os: 'linux', architecture: 'arm64', variant: 'v8' }],
    });
    expect((await to.resolve('v1')).digest).toBe(summary.descriptor.digest);
    expect(await to.has(blob('arm64').descriptor)).toBe(true);
    expect(await to.has(blob('amd64').descriptor)).toBe(false);
  });

  it.each([
    ['an index', multi, 'linux/amd64, linux/arm64'],
    ['a single image', single, 'linux/amd64'],
  ])('says what %s has when the platform is not there', async (_what, root, names) => {
    const { destination, run } = await setUp(root);
    const error = await failureOf(run({ platforms: [{ os: 'linux', architecture: 's390x' }] }));
    expect(error).toMatchObject({
      code: 'PLATFORM_UNKNOWN',
      exitStatus: 2,
      hint: `Available platforms: ${names}.`,
    });
    expect(pushes(destination.calls)).toEqual([]);
  });
});

describe('what travels', () => {
  it('keeps foreign layers as references, unfetched', async () => {
    const foreign = blob('windows base', MEDIA_TYPE.dockerForeignLayer).descriptor;
    const { source, events, run } = await setUp(image({ foreign: [foreign], layers: [blob('x')] }));
    await run();
    expect(source.calls).not.toContain(`fetch ${foreign.digest}`);
    expect(events.filter((event) => event.type === 'warning')).toHaveLength(1);
  });

  it('takes foreign layers along when it may', async () => {
    const foreign = blob('windows base', MEDIA_TYPE.dockerForeignLayer);
    const root = image({ foreign: [foreign.descriptor], layers: [blob('x')] });
    const { from, to, events, run } = await setUp(root);
    await from.push(sourceFromBytes(foreign.descriptor, foreign.data));
    await run({ allowNondistributable: true });
    expect(await to.has(foreign.descriptor)).toBe(true);
    expect(events.filter((event) => event.type === 'warning')).toEqual([]);
  });

  it('names foreign layers as the cause where the destination requires them', async () => {
    const foreign = blob('windows base', MEDIA_TYPE.dockerForeignLayer).descriptor;
    const root = image({ foreign: [foreign], layers: [blob('x')] });
    const errors = [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown' }];
    const facts = { status: 400, method: 'PUT', url: 'http://to/', errors };
    const before = (call: Call): void => {
      if (call === `push ${root.descriptor.digest}`)
        throw new RegistryError('REGISTRY_ERROR', 'refused', facts);
    };
    const { run } = await setUp(root, { destination: { before } });
    expect(await failureOf(run())).toMatchObject({
      side: 'destination',
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('--allow-nondistributable') as string,
    });
  });

  it('carries empty blobs, repeated layers and types it does not know', async () => {
    const odd = blob('sbom', 'application/spdx+json');
    const root = image({ layers: [blob(''), odd, odd, blob('')] });
    const { to, destination, run } = await setUp(root);
    await run();
    expect(await to.has(odd.descriptor)).toBe(true);
    expect(new Set(pushes(destination.calls)).size).toBe(pushes(destination.calls).length);
  });

  it('stores a layer that claims to be a manifest as the blob it is', async () => {
    const posing = blob('{}', MEDIA_TYPE.ociManifest);
    const root = image({ layers: [posing] });
    const from = createMemoryStore('from');
    const asBlob = { ...posing.descriptor, mediaType: 'application/octet-stream' };
    await from.push(sourceFromBytes(asBlob, posing.data));
    await from.push(sourceFromBytes(configFor('amd64').descriptor, configFor('amd64').data));
    await from.push(sourceFromBytes(root.descriptor, root.data), { tag: 'v1' });
    const to = createMemoryStore('to');
    await copyImage({
      source: from,
      sourceRef: 'v1',
      destination: to,
      concurrency: 1,
      emit: () => {},
    });
    expect(await to.has(asBlob)).toBe(true);
    expect(await to.has(posing.descriptor)).toBe(false);
  });

  it('offers mount sources for blobs', async () => {
    const from = createMemoryStore('from');
    await store(from, single, 'v1');
    const to = createMemoryStore('to');
    const offered: unknown[] = [];
    const destination: WriteStore = {
      ...to,
      push: async (source, options) => {
        if (options?.mountFrom === undefined) return to.push(source, options);
        offered.push(options.mountFrom);
        return 'mounted';
      },
    };
    const summary = await copyImage({
      source: from,
      sourceRef: 'v1',
      destination,
      destinationTag: 'v1',
      concurrency: 2,
      mountFrom: () => ['library/base'],
      emit: () => {},
    });
    expect(offered).toEqual([['library/base'], ['library/base'], ['library/base']]);
    expect(summary.blobs.mounted).toBe(3);
    expect(summary.bytes.sent).toBe(single.descriptor.size);
  });
});

describe('safety', () => {
  it.each(['source', 'destination'] as const)(
    'blames the %s for its refusal while the other side is being asked, and writes nothing',
    async (side) => {
      const refuse = (call: Call): void => {
        if (/^(?:resolve|either) /u.test(call)) throw new AppError('FORBIDDEN', 'no');
      };
      const { source, destination, run } = await setUp(single, { [side]: { before: refuse } });
      expect(await failureOf(run())).toMatchObject({ side, code: 'FORBIDDEN' });
      expect(pushes(destination.calls)).toEqual([]);
      expect(source.running() + destination.running()).toBe(0);
    },
  );

  it('leaves no rejection behind when the source never asks what was wanted', async () => {
    const stray: unknown[] = [];
    const note = (reason: unknown): void => void stray.push(reason);
    process.on('unhandledRejection', note);
    const refuse = (call: Call): void => {
      if (call === 'resolve v1') throw new AppError('FORBIDDEN', 'no');
    };
    const { run } = await setUp(single, { destination: { before: refuse } });
    await failureOf(run());
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(stray).toEqual([]);
  });

  it('refuses to move a tag with noClobber, and accepts an equal one', async () => {
    const moved = await setUp(single, {}, (to) => store(to, multi, 'v1'));
    expect(await failureOf(moved.run({ noClobber: true }))).toMatchObject({
      code: 'TAG_EXISTS',
      exitStatus: 3,
    });
    expect(pushes(moved.destination.calls)).toEqual([]);
    const equal = await setUp(single, {}, (to) => store(to, single, 'v1'));
    expect(await failureOf(equal.run({ noClobber: true }))).toBeUndefined();
  });

  it('visits a second time when the destination lost what it said it had', async () => {
    const amd64 = image({ config: configFor('amd64'), layers: [blob('shared'), blob('amd64')] });
    let refusals = 0;
    const before = (call: Call): void => {
      if (call !== `push ${multi.descriptor.digest}` || refusals++ > 0) return;
      const errors = [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown' }];
      const facts = { status: 400, method: 'PUT', url: 'http://to/', errors };
      throw new RegistryError('REGISTRY_ERROR', 'refused', facts);
    };
    const { to, destination, run } = await setUp(
      multi,
      { destination: { before } },
      async (into) => {
        await into.push(sourceFromBytes(amd64.descriptor, amd64.data), { tag: 'v1' });
      },
    );
    await run();
    expect(pushes(destination.calls)).toContain(blob('amd64').descriptor.digest);
    expect(await to.has(blob('amd64').descriptor)).toBe(true);
    expect((await to.resolve('v1')).digest).toBe(multi.descriptor.digest);
  });

  it('gives up when the destination still misses content after the second visit', async () => {
    const errors = [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown' }];
    const facts = { status: 400, method: 'PUT', url: 'http://to/', errors };
    const before = (call: Call): void => {
      if (call === `push ${single.descriptor.digest}`)
        throw new RegistryError('REGISTRY_ERROR', 'refused', facts);
    };
    const { destination, run } = await setUp(single, { destination: { before } });
    expect(await failureOf(run())).toMatchObject({ side: 'destination', code: 'REGISTRY_ERROR' });
    const tries = pushes(destination.calls).filter((one) => one === single.descriptor.digest);
    expect(tries).toHaveLength(2);
  });

  it('says that the source is at fault for altered bytes, and leaves the destination without the tag', async () => {
    const layer = blob('two');
    const { to, run } = await setUp(single, {
      source: {
        fetch: async (descriptor, options) =>
          descriptor.digest === layer.descriptor.digest
            ? verified(bytesOf(new TextEncoder().encode('twO')), descriptor, 'from')
            : createdFrom.fetch(descriptor, options),
      },
    });
    const error = await failureOf(run());
    expect(error).toBeInstanceOf(CopyError);
    expect(error).toMatchObject({
      side: 'source',
      code: 'DIGEST_MISMATCH',
      exitStatus: 5,
      node: layer.descriptor.digest,
    });
    expect(await to.has(layer.descriptor)).toBe(false);
    expect(codeOf(await failureOf(to.resolve('v1')))).toBe('MANIFEST_UNKNOWN');
  });

  it('refuses Docker schema 1', async () => {
    const body = new TextEncoder().encode('{"schemaVersion":1,"fsLayers":[]}');
    const node = blob(body, MEDIA_TYPE.dockerSchema1);
    const from = createMemoryStore('from');
    await from.push(sourceFromBytes(node.descriptor, node.data), { tag: 'v1' });
    const to = createMemoryStore('to');
    const options = {
      source: from,
      sourceRef: 'v1',
      destination: to,
      concurrency: 1,
      emit: () => {},
    };
    expect(codeOf(await failureOf(copyImage(options)))).toBe('UNSUPPORTED');
  });

  it('stops at once when aborted, with the reason it was given', async () => {
    const controller = new AbortController();
    const reason = new AppError('INTERRUPTED', 'stop');
    const before = async (call: Call, signal: AbortSignal | undefined): Promise<void> => {
      if (!call.startsWith('fetch') || call.endsWith(multi.descriptor.digest)) return;
      controller.abort(reason);
      signal?.throwIfAborted();
    };
    const { to, source, destination, run } = await setUp(multi, { source: { before } });
    expect(await failureOf(run({ signal: controller.signal }))).toBe(reason);
    expect(source.running() + destination.running()).toBe(0);
    expect(codeOf(await failureOf(to.resolve('v1')))).toBe('MANIFEST_UNKNOWN');
  });
});

/** Holds `single` for the test of altered bytes. */
const createdFrom = createMemoryStore('from');
await store(createdFrom, single, 'v1');

const layers = fc.array(
  fc.integer({ min: 0, max: 9 }).map((n) => blob(`layer ${n}`)),
  {
    maxLength: 5,
  },
);
const images = layers.map((some) => image({ layers: some, config: configFor(`a${some.length}`) }));
const roots: fc.Arbitrary<TestImage> = fc.letrec<{ tree: TestImage }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    images,
    fc.array(tie('tree'), { maxLength: 4 }).map((children) => index(children)),
  ),
})).tree;

const allOf = (root: TestImage): string[] => [
  ...root.below.map((node) => node.descriptor.digest),
  root.descriptor.digest,
];

/** Every manifest's children, by digest. */
function edges(root: TestImage, pushed: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  const nodes = [...root.below, root];
  for (const node of nodes) {
    const text = new TextDecoder().decode(node.data);
    if (!text.includes('schemaVersion')) continue;
    for (const other of nodes)
      if (text.includes(other.descriptor.digest))
        found.push([other.descriptor.digest, node.descriptor.digest]);
  }
  return found.filter(([, parent]) => pushed.includes(parent));
}

describe('random graphs', () => {
  it('move each node once, children before parents, the root last', async () => {
    await fc.assert(
      fc.asyncProperty(roots, fc.integer({ min: 1, max: 5 }), async (root, concurrency) => {
        const { to, source, destination, run } = await setUp(root, {
          destination: { before: () => new Promise((resolve) => setImmediate(resolve)) },
        });
        await run({ concurrency });
        const pushed = pushes(destination.calls);
        expect(pushed.toSorted()).toEqual(allOf(root).toSorted());
        const fetched = source.calls.filter((call) => call.startsWith('fetch'));
        expect(new Set(fetched).size).toBe(fetched.length);
        for (const [child, parent] of edges(root, pushed))
          expect(pushed.indexOf(child)).toBeLessThan(pushed.indexOf(parent));
        expect(pushed.at(-1)).toBe(root.descriptor.digest);
        for (const node of root.below) expect(await to.has(node.descriptor)).toBe(true);
        expect((await to.resolve('v1')).digest).toBe(root.descriptor.digest);
      }),
      fuzzRuns(60),
    );
  });

  it('leave no tag and no running transfer behind a failure at any node', async () => {
    await fc.assert(
      fc.asyncProperty(roots, fc.nat(), fc.boolean(), async (root, pick, atSource) => {
        const nodes = allOf(root);
        const broken = nodes[pick % nodes.length] as Digest;
        const before = async (call: Call): Promise<void> => {
          await new Promise((resolve) => setImmediate(resolve));
          if (call === `${atSource ? 'fetch' : 'push'} ${broken}`)
            throw new AppError('NETWORK', 'cut');
        };
        const { to, source, destination, run } = await setUp(root, {
          [atSource ? 'source' : 'destination']: { before },
        });
        const error = await failureOf(run());
        expect(error).toMatchObject({ side: atSource ? 'source' : 'destination', code: 'NETWORK' });
        expect(source.running() + destination.running()).toBe(0);
        expect(codeOf(await failureOf(to.resolve('v1')))).toBe('MANIFEST_UNKNOWN');
      }),
      fuzzRuns(60),
    );
  });

  it('never transfer more nodes at a time than allowed', async () => {
    let running = 0;
    let most = 0;
    const before = async (call: Call): Promise<void> => {
      if (!call.startsWith('push')) return;
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    const root = image({ layers: Array.from({ length: 12 }, (_, i) => blob(`many ${i}`)) });
    const { run } = await setUp(root, {
      destination: { before, traits: { maxParallelPushes: 3 } },
    });
    await run({ concurrency: 8 });
    expect(most).toBe(3);
  });
});
