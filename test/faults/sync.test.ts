import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planSync } from '../../src/sync/plan/planner.ts';
import type { SyncPlaces } from '../../src/sync/places.ts';
import { exitOf, totalsOf, type ImageResult } from '../../src/sync/results.ts';
import { runSync } from '../../src/sync/transfer/run.ts';
import type { SyncJob } from '../../src/sync/types.ts';
import type { Location } from '../../src/transports/types.ts';
import type { Fault, Schedule } from '../helpers/fault-proxy.ts';
import { startFaultProxy, type FaultProxy } from '../helpers/fault-proxy.ts';
import { makeImage, pushImage, type TestImage } from '../helpers/images.ts';
import { KEEPING } from './kinds.ts';
import { expectWhole, IMPATIENT, on, quickWire, type QuickWire } from './lab.ts';

const HOST = { os: 'linux', architecture: 'amd64' };
const IMAGES = 20;

/** Names as "host/path[:tag]", opened through the wire of the test. */
function placesOf(wire: QuickWire): SyncPlaces {
  const split = ({ name }: Pick<Location, 'name'>): { host: string; path: string } => ({
    host: name.slice(0, name.indexOf('/')),
    path: name.slice(name.indexOf('/') + 1),
  });
  const open: SyncPlaces['openWrite'] = async (location) => {
    const { host, path } = split(location);
    return wire.store(host, path);
  };
  return {
    locate: (text) => ({ scheme: 'docker', name: text, ref: undefined, tag: undefined, text }),
    registryOf: (text) => ({ host: text, prefix: '' }),
    nameOf: split,
    isDirectories: () => false,
    catalog: () => {
      throw new Error('nobody asks for a catalog');
    },
    openRead: open,
    openWrite: open,
    openTarget: open,
  };
}

const jobOf = (source: string, target: string): SyncJob => ({
  where: 'a test',
  type: 'repository',
  source,
  target,
  naming: { style: 'exact' },
  tags: [],
  repos: {},
});

async function sync(wire: QuickWire, jobs: readonly SyncJob[]): Promise<readonly ImageResult[]> {
  const places = placesOf(wire);
  const common = { places, concurrency: 4 };
  const plan = await planSync(jobs, {
    ...common,
    host: HOST,
    now: () => new Date(),
    warn: () => undefined,
  });
  return runSync(plan, {
    ...common,
    mode: 'run',
    jobs: 4,
    hostPlatform: HOST,
    expand: (text) => text,
    onImage: () => undefined,
    emit: () => undefined,
  });
}

const MANIFEST_GET = /^GET \S+\/manifests\//u;
const LAYER_GET = /^GET \S+\/blobs\//u;
const DATA_PUT = /^PUT \S+\/blobs\/uploads\//u;
const MANIFEST_PUT = /^PUT \S+\/manifests\//u;
const LIST = /^GET \S+\/tags\/list/u;

const answer = (status: number, headers: Record<string, string> = {}): Fault => ({
  kind: 'answer',
  status,
  headers,
  body: '{}',
});

const SOURCE: readonly (readonly [string, () => Schedule])[] = [
  ['503 on the list of tags', () => on(LIST, answer(503), 1)],
  ['429 with Retry-After', () => on(MANIFEST_GET, answer(429, { 'retry-after': '3' }), 5)],
  ['manifests cut', () => on(MANIFEST_GET, { kind: 'cut-down', after: 50 }, 4)],
  ['layers cut', () => on(LAYER_GET, { kind: 'cut-down', after: 300 }, 6)],
  ['layers damaged', () => on(LAYER_GET, { kind: 'corrupt-down', at: 9 }, 3)],
  ['a layer that stalls', () => on(LAYER_GET, { kind: 'stall-down', after: 300 }, 1)],
];
const DESTINATION: readonly (readonly [string, () => Schedule])[] = [
  ['503 on upload data', () => on(DATA_PUT, answer(503), 5)],
  ['uploads cut', () => on(DATA_PUT, { kind: 'cut-up', after: 300 }, 5)],
  ['uploads damaged', () => on(DATA_PUT, { kind: 'corrupt-up', at: 9 }, 3)],
  ['answers to manifests lost', () => on(MANIFEST_PUT, { kind: 'lose-answer' }, 4)],
  ['500 on manifests', () => on(MANIFEST_PUT, answer(500), 4)],
];

describe(`a sync of ${IMAGES} images`, () => {
  let from: Awaited<ReturnType<typeof KEEPING.start>>;
  let images: readonly TestImage[];
  beforeAll(async () => {
    from = await KEEPING.start();
    images = await Promise.all(Array.from({ length: IMAGES }, () => makeImage({ layers: 1 })));
    for (const [i, image] of images.entries())
      await pushImage(from.origin, 'app', [`v${i}`], image);
  });
  afterAll(() => from[Symbol.asyncDispose]());

  async function scene(
    harm: (proxies: { source: FaultProxy; destination: FaultProxy }) => void,
    check: (seen: { results: readonly ImageResult[]; origin: string; wire: QuickWire }) => unknown,
    more: (host: string) => readonly SyncJob[] = () => [],
  ): Promise<void> {
    await using to = await KEEPING.start();
    await using source = await startFaultProxy(from);
    await using destination = await startFaultProxy(to);
    harm({ source, destination });
    await using wire = quickWire({ timeouts: IMPATIENT });
    const jobs = [
      jobOf(`${source.host}/app`, `${destination.host}/copy`),
      ...more(destination.host),
    ];
    const results = await sync(wire, jobs);
    await check({ results, origin: to.origin, wire });
  }

  const expectAll = async (results: readonly ImageResult[], origin: string): Promise<void> => {
    const failed = results.flatMap(({ error }) => (error === undefined ? [] : [error.message]));
    expect(failed).toEqual([]);
    expect(totalsOf(results)).toMatchObject({ copied: IMAGES });
    for (const [i, image] of images.entries()) await expectWhole(origin, 'copy', `v${i}`, image);
  };

  it.each(SOURCE)('survives a source with %s', (_name, schedule) =>
    scene(
      ({ source }) => {
        source.schedule = schedule();
      },
      ({ results, origin }) => expectAll(results, origin),
    ),
  );

  it.each(DESTINATION)('survives a destination with %s', (_name, schedule) =>
    scene(
      ({ destination }) => {
        destination.schedule = schedule();
      },
      ({ results, origin }) => expectAll(results, origin),
    ),
  );

  it('one image that cannot be read stops no other, and is named', async () => {
    const [layer] = [...(images[3] as TestImage).nodes.keys()].slice(-2);
    await scene(
      ({ source }) => {
        source.schedule = on(new RegExp(`^GET \\S+/blobs/${layer}`, 'u'), answer(404));
      },
      async ({ results, origin }) => {
        const failed = results.filter(({ outcome }) => outcome === 'failed');
        expect(failed.map((one) => one.source.replace(/^.*:/u, ''))).toEqual(['v3']);
        expect(totalsOf(results)).toMatchObject({ copied: IMAGES - 1 });
        expect(exitOf(results)).toBe(1);
        const tag = await fetch(`${origin}/v2/copy/manifests/v3`, { method: 'HEAD' });
        expect(tag.status).toBe(404);
      },
    );
  });

  it('a registry that is down, or rejects everything, does not hold up another', async () => {
    await using closed = await startFaultProxy(from);
    closed.schedule = () => answer(403);
    await scene(
      () => undefined,
      async ({ results, origin }) => {
        const ours = results.filter(({ destination }) => destination.includes('/copy:'));
        await expectAll(ours, origin);
        const others = results.filter((one) => !ours.includes(one));
        expect(others.map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
        expect(exitOf(results)).toBe(1);
      },
      (host) => [
        jobOf(`${closed.host}/app`, `${host}/other`),
        jobOf('127.0.0.1:1/app', `${host}/third`),
      ],
    );
  });
});
