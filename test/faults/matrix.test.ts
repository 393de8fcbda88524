import { afterAll, beforeAll, expect, it } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { type DockerRegistry, startDockerRegistry } from '../helpers/docker-registry.ts';
import {
  type Fault,
  type FaultProxy,
  type Schedule,
  startFaultProxy,
} from '../helpers/fault-proxy.ts';
import { makeImage, makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { BASIC, chainOf } from '../http/setup.ts';
import {
  either,
  expectWhole,
  IMPATIENT,
  type Lane,
  on,
  quickWire,
  type QuickWire,
  tagOf,
  tryCopy,
} from './lab.ts';

const MIB = 1024 * 1024;

interface Seen {
  readonly wire: QuickWire;
  readonly source: FaultProxy;
  readonly destination: FaultProxy;
}

interface Row {
  readonly name: string;
  readonly source?: () => Schedule;
  readonly destination?: () => Schedule;
  /** Code of the failure; absent when the copy must succeed. */
  readonly fails?: string;
  readonly layerSize?: number;
  readonly check?: (seen: Seen) => void;
}

const answer = (status: number, headers: Record<string, string> = {}, body = ''): Fault => ({
  kind: 'answer',
  status,
  headers,
  body,
});
const errors = (code: string): string => JSON.stringify({ errors: [{ code, message: code }] });

const MANIFEST_GET = /^GET \S+\/manifests\//u;
const LAYER_GET = /^GET \S+\/blobs\//u;
const DATA_PUT = /^PUT \S+\/blobs\/uploads\//u;
const MANIFEST_PUT = /^PUT \S+\/manifests\//u;

const manifestPuts = ({ lines }: FaultProxy): number =>
  lines.filter((line) => MANIFEST_PUT.test(line)).length;

/** The nine rows in which skopeo, crane, regclient and oras were compared. */
const PEER_ROWS: readonly Row[] = [
  {
    name: '429 with Retry-After 2, twice, on the manifest',
    source: () => on(MANIFEST_GET, answer(429, { 'retry-after': '2' }), 2),
    check: ({ wire }) => expect(wire.waits.filter((ms) => ms >= 2000)).toHaveLength(2),
  },
  {
    name: '429 with Retry-After 8, four times, on the manifest',
    source: () => on(MANIFEST_GET, answer(429, { 'retry-after': '8' }), 4),
    check: ({ wire }) => expect(wire.waits.filter((ms) => ms >= 8000)).toHaveLength(4),
  },
  { name: '503 on a layer', source: () => on(LAYER_GET, answer(503), 1) },
  { name: '429 on a layer', source: () => on(LAYER_GET, answer(429), 1) },
  { name: '503 on upload data', destination: () => on(DATA_PUT, answer(503), 1) },
  { name: '429 on upload data', destination: () => on(DATA_PUT, answer(429), 1) },
  { name: '500 on the manifest PUT', destination: () => on(MANIFEST_PUT, answer(500), 1) },
  {
    name: 'download cut at 7 of 16 MiB',
    layerSize: 16 * MIB,
    source: () => on(LAYER_GET, { kind: 'cut-down', after: 7 * MIB }, 2),
    check: ({ source, destination }) => {
      // At most one chunk beyond the image itself.
      expect(source.bytes.down).toBeLessThan(17 * MIB);
      expect(destination.bytes.up).toBeLessThan(17 * MIB);
    },
  },
  {
    name: 'upload cut at 5 of 16 MiB',
    layerSize: 16 * MIB,
    destination: () => {
      let met = false;
      return ({ method, headers }) => {
        if (met || method !== 'PUT' || Number(headers['content-length']) < MIB) return undefined;
        met = true;
        return { kind: 'cut-up', after: 5 * MIB };
      };
    },
    // docker-registry 2.8 forgets the session: what it had is sent again, and no more.
    check: ({ destination }) => expect(destination.bytes.up).toBeLessThan(23 * MIB),
  },
];

const CATALOGUE: readonly Row[] = [
  { name: 'a layer cut', source: () => on(LAYER_GET, { kind: 'cut-down', after: 300 }, 2) },
  { name: 'a manifest cut', source: () => on(MANIFEST_GET, { kind: 'cut-down', after: 50 }, 2) },
  {
    name: 'a layer cut every time',
    source: () => on(LAYER_GET, { kind: 'cut-down', after: 0 }),
    fails: 'NETWORK',
  },
  {
    name: 'a layer announced too long',
    source: () => on(LAYER_GET, { kind: 'wrong-length', by: 7 }, 1),
  },
  {
    name: 'a layer announced too short',
    source: () => on(LAYER_GET, { kind: 'wrong-length', by: -7 }, 1),
  },
  { name: 'a layer damaged once', source: () => on(LAYER_GET, { kind: 'corrupt-down', at: 9 }, 1) },
  {
    name: 'every layer damaged',
    source: () => on(LAYER_GET, { kind: 'corrupt-down', at: 9 }),
    fails: 'DIGEST_MISMATCH',
  },
  {
    name: 'a manifest damaged once',
    source: () => on(MANIFEST_GET, { kind: 'corrupt-down', at: 60 }, 1),
  },
  { name: 'extra bytes once', source: () => on(LAYER_GET, { kind: 'extra-bytes' }, 1) },
  {
    name: 'extra bytes every time',
    source: () => on(LAYER_GET, { kind: 'extra-bytes' }),
    fails: 'SIZE_MISMATCH',
  },
  {
    name: 'a wrong range',
    source: () =>
      either(
        on(LAYER_GET, { kind: 'cut-down', after: 300 }, 1),
        on(LAYER_GET, { kind: 'wrong-range' }),
      ),
  },
  {
    name: '416 for a range',
    source: () => {
      const cut = on(LAYER_GET, { kind: 'cut-down', after: 300 }, 1);
      return (request, count) =>
        cut(request, count) ?? (request.headers.range === undefined ? undefined : answer(416));
    },
  },
  {
    name: '200 in place of 206',
    source: () =>
      either(
        on(LAYER_GET, { kind: 'cut-down', after: 300 }, 1),
        on(LAYER_GET, { kind: 'ignore-range' }),
      ),
  },
  { name: 'upload reset', destination: () => on(DATA_PUT, { kind: 'reset' }, 3) },
  { name: 'upload cut', destination: () => on(DATA_PUT, { kind: 'cut-up', after: 200 }, 3) },
  {
    name: 'upload cut every time',
    destination: () => on(DATA_PUT, { kind: 'cut-up', after: 200 }),
    fails: 'NETWORK',
  },
  { name: 'answer of an upload lost', destination: () => on(DATA_PUT, { kind: 'lose-answer' }, 3) },
  { name: 'upload stalled', destination: () => on(DATA_PUT, { kind: 'stall-up', after: 200 }, 1) },
  {
    name: 'upload damaged once',
    destination: () => on(DATA_PUT, { kind: 'corrupt-up', at: 20 }, 1),
  },
  {
    name: 'every upload damaged',
    destination: () => on(DATA_PUT, { kind: 'corrupt-up', at: 20 }),
    fails: 'DIGEST_MISMATCH',
  },
  {
    name: 'upload session expired',
    destination: () => on(DATA_PUT, answer(404, {}, errors('BLOB_UPLOAD_UNKNOWN')), 1),
  },
  {
    name: 'upload session expired every time',
    destination: () => on(DATA_PUT, answer(404, {}, errors('BLOB_UPLOAD_UNKNOWN'))),
    fails: 'UPLOAD_FAILED',
  },
  {
    name: 'upload not opened for a while',
    destination: () => on(/^POST /u, answer(502), 3),
  },
  {
    name: 'manifest PUT carried out, its answer lost every time',
    destination: () => on(MANIFEST_PUT, { kind: 'lose-answer' }),
  },
  {
    name: 'manifest PUT carried out, its answer a 502 every time',
    destination: () => on(MANIFEST_PUT, { kind: 'spoil-answer', status: 502 }),
  },
  {
    name: 'manifest PUT stalled',
    destination: () => on(MANIFEST_PUT, { kind: 'stall-up', after: 10 }, 1),
  },
  {
    name: 'a blob not seen yet by the manifest PUT',
    destination: () => on(MANIFEST_PUT, answer(400, {}, errors('MANIFEST_BLOB_UNKNOWN')), 1),
    check: ({ wire, destination }) => {
      expect(manifestPuts(destination)).toBe(2);
      expect(wire.events).toContainEqual(
        expect.objectContaining({
          type: 'retry',
          attempt: 1,
          reason: expect.stringContaining('does not see yet') as string,
        }),
      );
    },
  },
  {
    name: 'a blob not seen for a while by the manifest PUT',
    layerSize: 4 * MIB,
    destination: () => on(MANIFEST_PUT, answer(400, {}, errors('MANIFEST_BLOB_UNKNOWN')), 4),
    // A wait, a second visit that finds everything there, and two longer waits.
    check: ({ wire, destination }) => {
      expect(manifestPuts(destination)).toBe(5);
      expect(wire.waits.map((ms) => Math.floor(Math.log2(ms / 1000)))).toEqual([0, 0, 1]);
      expect(destination.bytes.up).toBeLessThan(5 * MIB);
    },
  },
  {
    name: 'a blob never seen by the manifest PUT',
    destination: () => on(MANIFEST_PUT, answer(400, {}, errors('MANIFEST_BLOB_UNKNOWN'))),
    fails: 'UPLOAD_FAILED',
    check: ({ wire, destination }) => {
      expect(manifestPuts(destination)).toBe(5);
      expect(wire.waits).toHaveLength(3);
    },
  },
  { name: 'a layer stalled', source: () => on(LAYER_GET, { kind: 'stall-down', after: 200 }, 1) },
  {
    name: 'a layer that drips',
    layerSize: 4 * MIB,
    source: () => on(LAYER_GET, { kind: 'drip-down', after: 3 * MIB }, 2),
    check: ({ source }) => expect(source.bytes.down).toBeLessThan(5 * MIB),
  },
  {
    name: 'a manifest that drips',
    source: () => on(MANIFEST_GET, { kind: 'drip-down', after: 20 }, 2),
  },
  {
    name: 'a layer that drips every time',
    layerSize: 64 * 1024,
    source: () => on(LAYER_GET, { kind: 'drip-down', after: 20 }),
    fails: 'TIMEOUT',
    check: ({ source }) => expect(source.lines.length).toBeLessThan(20),
  },
  {
    name: 'a manifest stalled',
    source: () => on(MANIFEST_GET, { kind: 'stall-down', after: 20 }, 1),
  },
  { name: 'kept connections closed', source: () => on(/./u, { kind: 'reset' }, 3) },
  { name: '408, 425, 499, 522', source: () => statuses(408, 425, 499, 522) },
  {
    name: '502 from a proxy every time',
    source: () => on(LAYER_GET, answer(502)),
    fails: 'REGISTRY_ERROR',
  },
  {
    name: '407 from a proxy',
    source: () => on(LAYER_GET, answer(407)),
    fails: 'REGISTRY_ERROR',
    check: ({ wire }) => expect(wire.waits).toEqual([]),
  },
  {
    name: '429 every time',
    source: () => on(LAYER_GET, answer(429)),
    fails: 'RATE_LIMITED',
  },
  {
    name: '429 with a wait that nobody would sit out',
    destination: () => on(DATA_PUT, answer(429, { 'retry-after': '86400' })),
    fails: 'RATE_LIMITED',
    check: ({ wire }) => expect(wire.waits).toEqual([]),
  },
  {
    name: '507, no room in the registry',
    destination: () => on(DATA_PUT, answer(507)),
    fails: 'UPLOAD_FAILED',
    check: ({ wire }) => expect(wire.waits).toEqual([]),
  },
  {
    name: '401 in mid-upload',
    destination: () => {
      let refused = 0;
      return ({ method, path, headers }) => {
        const open = headers.authorization !== undefined || refused > 2;
        if (open || !DATA_PUT.test(`${method} ${path}`)) return undefined;
        refused += 1;
        return answer(401, { 'www-authenticate': 'Basic realm="x"' });
      };
    },
  },
];

/** Nobody wants to sit out what is only silence, or as good as that. */
function patienceFor({ name }: Row): Parameters<typeof quickWire>[0] {
  if (name.includes('stalled')) return { timeouts: IMPATIENT };
  // A window is never shorter than the silence that is allowed.
  return name.includes('drips')
    ? { timeouts: { minSpeed: 1000, speedWindowMs: 1000, idleMs: 1000 } }
    : {};
}

function statuses(...list: readonly number[]): Schedule {
  const left = [...list];
  return ({ method, path }) => {
    const status = MANIFEST_GET.test(`${method} ${path}`) ? left.shift() : undefined;
    return status === undefined ? undefined : answer(status);
  };
}

describeWith(['docker-registry'], 'fault matrix', () => {
  let registry: DockerRegistry;
  let old: TestImage;
  let count = 0;
  beforeAll(async () => {
    registry = await startDockerRegistry();
    old = await makeImage({ layers: 1 });
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  const expectRow = async (row: Row, lane?: Lane): Promise<void> => {
    count += 1;
    const names = { from: `app${count}`, to: `copy${count}` };
    const { layerSize } = row;
    const image = await makeImage(
      layerSize === undefined ? { layers: 2 } : { layers: 1, layerSize },
    );
    await pushImage(registry.origin, names.from, ['v1'], image);
    await pushImage(registry.origin, names.to, ['v1'], old);
    await using source = await startFaultProxy(registry, row.source?.());
    await using destination = await startFaultProxy(registry, row.destination?.());
    await using wire = quickWire({ credentials: chainOf(BASIC), ...patienceFor(row) }, lane);
    const error = await tryCopy(wire, source.host, destination.host, names);
    if (row.fails === undefined) {
      expect(error).toBeUndefined();
      await expectWhole(registry.origin, names.to, 'v1', image);
    } else {
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code: row.fails });
      await expectWhole(registry.origin, names.to, 'v1', old);
    }
    row.check?.({ wire, source, destination });
  };

  it.each(PEER_ROWS)('$name', async (row) => {
    await expectRow(row);
  });
  it.each(CATALOGUE)('$name', async (row) => {
    await expectRow(row);
  });
  it.each(PEER_ROWS)('$name, as one of many requests', async (row) => {
    await expectRow(row, 'many');
  });
  const ofSource = [...PEER_ROWS, ...CATALOGUE].filter(({ source }) => source !== undefined);
  it.each(ofSource)('$name, read as large content is', async (row) => {
    await expectRow(row, 'large');
  });

  it('a signed address that expires is asked for anew', async () => {
    const image = await makeImage({ layers: 1, layerSize: 4096 });
    await pushImage(registry.origin, 'signed', ['v1'], image);
    let given = 0;
    let cut = false;
    const used = new Set<string>();
    await using storage = await startFaultProxy(registry, ({ path }) => {
      if (used.has(path)) return answer(403);
      used.add(path);
      if (cut) return undefined;
      cut = true;
      return { kind: 'cut-down', after: 100 };
    });
    await using source = await startFaultProxy(registry, ({ method, path }) => {
      if (!LAYER_GET.test(`${method} ${path}`)) return undefined;
      given += 1;
      return answer(307, { location: `${storage.origin}${path}?sig=${given}` });
    });
    await using wire = quickWire();
    const names = { from: 'signed', to: 'unsigned' };
    expect(await tryCopy(wire, source.host, registry.host, names)).toBeUndefined();
    await expectWhole(registry.origin, names.to, 'v1', image);
    expect(given).toBe(3);
  });

  it('a blob that is only said to be there is sent after all', async () => {
    await using forgetful = await startRegistryServer({ storage: createMemoryStorage() });
    const { origin, port } = forgetful.url;
    const image = await makeImage({ layers: 1, layerSize: 2 * MIB });
    await pushImage(registry.origin, 'cached', ['v1'], image);
    // A cache in front of the registry that has outlived what it knows of.
    await using destination = await startFaultProxy({ port: Number(port) }, ({ method, path }) =>
      method === 'HEAD' && path.includes('/blobs/') ? answer(200) : undefined,
    );
    await using wire = quickWire();
    const names = { from: 'cached', to: 'cached' };
    expect(await tryCopy(wire, registry.host, destination.host, names)).toBeUndefined();
    await expectWhole(origin, 'cached', 'v1', image);
    // Refused, and again after a wait; then each blob is looked at, and the layer sent.
    expect(manifestPuts(destination)).toBe(3);
    expect(destination.bytes.up).toBeLessThan(3 * MIB);
  });

  it('an index of which one part fails gets no tag', async () => {
    const index = await makeIndex({ layers: 1 });
    await pushImage(registry.origin, 'many', ['v1'], index);
    const layer = [...index.nodes.values()].find(({ descriptor }) =>
      descriptor.mediaType.includes('layer'),
    );
    const digest = layer?.descriptor.digest ?? '';
    await using source = await startFaultProxy(
      registry,
      on(new RegExp(`GET .*${digest}`, 'u'), answer(500)),
    );
    await using wire = quickWire();
    const names = { from: 'many', to: 'few' };
    const error = await tryCopy(wire, source.host, registry.host, names);
    expect(error).toMatchObject({
      code: 'REGISTRY_ERROR',
      message: expect.stringContaining(digest) as string,
    });
    expect(await tagOf(registry.origin, 'few', 'v1', index.root.mediaType)).toBeUndefined();
    source.schedule = () => undefined;
    expect(await tryCopy(wire, source.host, registry.host, names)).toBeUndefined();
    await expectWhole(registry.origin, 'few', 'v1', index);
  });
});
