import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../helpers/fault-proxy.ts';
import { makeImage, pushImage, type TestImage } from '../helpers/images.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { describeWith } from '../helpers/when.ts';
import { BASIC, chainOf } from '../http/setup.ts';
import { type Gate, startGate } from './gate.ts';
import { FORGETTING, KEEPING, type Kind, type Registry } from './kinds.ts';
import { expectWhole, quickWire, tagOf, tryCopy } from './lab.ts';

const MIB = 1024 * 1024;
const SIZE = 10 * MIB;
/** What kernel buffers of both sides take of a body whose sender is not told yet to stop. */
const IN_FLIGHT = 8 * MIB;

type Request = Parameters<FaultProxy['schedule']>[0];
const isData = ({ method, headers }: Request): boolean =>
  (method === 'PUT' || method === 'PATCH') && Number(headers['content-length'] ?? 0) > MIB;
const isManifest = ({ method, path }: Request): boolean =>
  method === 'PUT' && path.includes('/manifests/');
const count = ({ lines }: FaultProxy, start: RegExp): number =>
  lines.filter((line) => start.test(line)).length;

interface Row {
  readonly name: string;
  /** Harm on the way to the destination; asked before the gate. */
  readonly harm: (gate: Gate) => (request: Request) => Fault | undefined;
  /** Harm on the way from the source. */
  readonly sourceHarm?: (gate: Gate) => (request: Request) => Fault | undefined;
  /** Of the two sides: the first, and what the row adds. */
  readonly tokens: { readonly source?: number; readonly destination?: number };
  /** Bytes that reach the destination's registry beyond the image's own, MiB, by kind. */
  readonly again: { readonly kept: number; readonly forgotten: number };
  /** How often the source is read at most; buffers count as read. Default 2. */
  readonly reads?: number;
  /** Requests of the destination that match, at most. */
  readonly most?: readonly [pattern: RegExp, times: number];
}

/** The first request of its kind. */
function once(
  is: (request: Request) => boolean,
  fault: (request: Request) => Fault,
): (request: Request) => Fault | undefined {
  let met = false;
  return (request) => {
    if (met || !is(request)) return undefined;
    met = true;
    return fault(request);
  };
}

const ROWS: readonly Row[] = [
  ...[false, true].map((close): Row => ({
    name: `at the start of a data PUT${close ? ', the connection closed' : ''}`,
    harm: (gate) => once(isData, () => ({ kind: 'answer', ...gate.revoke(), close })),
    tokens: { destination: 2 },
    again: { kept: 0, forgotten: 0 },
    // Its session is as it was: asked, and gone on with.
    most: [/^GET .*\/blobs\/uploads\//u, 3],
  })),
  ...[false, true].map((close): Row => ({
    name: `in the middle of a data PUT${close ? ', the connection closed' : ''}`,
    harm: (gate) =>
      once(isData, () => ({ kind: 'answer-up', after: 4 * MIB, ...gate.revoke(), close })),
    tokens: { destination: 2 },
    again: { kept: 0, forgotten: 4 },
  })),
  {
    name: 'behind the whole body of a data PUT',
    harm: (gate) => once(isData, () => ({ kind: 'answer-up', after: SIZE, ...gate.revoke() })),
    tokens: { destination: 2 },
    again: { kept: 0, forgotten: 10 },
  },
  {
    name: 'in the middle of a chunk',
    harm: (gate) => {
      let patches = 0;
      return (request) => {
        if (request.method === 'PUT' && Number(request.headers['content-length']) > 4 * MIB) {
          return { kind: 'answer', status: 413 };
        }
        if (request.method !== 'PATCH') return undefined;
        patches += 1;
        return patches === 2 ? { kind: 'answer-up', after: MIB, ...gate.revoke() } : undefined;
      };
    },
    tokens: { destination: 2 },
    again: { kept: 0, forgotten: 5 },
    reads: 4,
  },
  {
    name: 'at the start of the PUT that finishes chunks',
    harm: (gate) => {
      const large = (request: Request): boolean =>
        request.method === 'PUT' && Number(request.headers['content-length']) > 4 * MIB;
      const last = once(
        ({ method, headers }) => method === 'PUT' && headers['content-range'] !== undefined,
        () => ({ kind: 'answer', ...gate.revoke() }),
      );
      return (request) => (large(request) ? { kind: 'answer', status: 413 } : last(request));
    },
    tokens: { destination: 2 },
    again: { kept: 0, forgotten: 0 },
    reads: 4,
    most: [/^PATCH /u, 2],
  },
  {
    name: 'on the manifest PUT',
    harm: (gate) => once(isManifest, () => ({ kind: 'answer', ...gate.revoke() })),
    tokens: { destination: 2 },
    again: { kept: 0, forgotten: 0 },
    most: [/^PUT .*\/manifests\//u, 2],
  },
  {
    name: 'between a cut download and its Range',
    harm: () => () => undefined,
    sourceHarm: (gate) => {
      const get = ({ method, path }: Request): boolean =>
        method === 'GET' && path.includes('/blobs/');
      const range = once(
        (request) => get(request) && request.headers.range !== undefined,
        () => ({ kind: 'answer', ...gate.revoke() }),
      );
      return (request) =>
        range(request) ?? (get(request) ? { kind: 'cut-down', after: 9 * MIB } : undefined);
    },
    tokens: { source: 2 },
    again: { kept: 0, forgotten: 0 },
  },
];

let image: TestImage;
/** Has the image as `app`, for all tests. */
let origin: Registry;
beforeAll(async () => {
  image = await makeImage({ layers: 1, layerSize: SIZE });
  origin = await KEEPING.start();
  await pushImage(origin.origin, 'app', ['v1'], image);
});
afterAll(() => origin[Symbol.asyncDispose]());

interface Seen {
  readonly error: unknown;
  readonly source: FaultProxy;
  readonly destination: FaultProxy;
  readonly gates: { readonly source: Gate; readonly destination: Gate };
  readonly origin: string;
}

async function copyThroughGates(
  kind: Kind,
  harm: { readonly source?: Row['harm'] | undefined; readonly destination: Row['harm'] },
  check: (seen: Seen) => void | Promise<void>,
): Promise<void> {
  await using to = await kind.start();
  await using sourceGate = await startGate('source');
  await using destinationGate = await startGate('destination');
  const gated = (gate: Gate, make: Row['harm'] = () => () => undefined) => {
    const does = make(gate);
    return (request: Request): Fault | undefined =>
      gate.check(request.headers.authorization) ?? does(request);
  };
  await using source = await startFaultProxy(origin, gated(sourceGate, harm.source));
  await using destination = await startFaultProxy(to, gated(destinationGate, harm.destination));
  await using wire = quickWire({ credentials: chainOf(BASIC) });
  const error = await tryCopy(wire, source.host, destination.host);
  if (error === undefined) await expectWhole(to.origin, 'copy', 'v1', image);
  else expect(await tagOf(to.origin, 'copy', 'v1', image.root.mediaType)).toBeUndefined();
  const gates = { source: sourceGate, destination: destinationGate };
  await check({ error, source, destination, gates, origin: to.origin });
}

function suite(kind: Kind): void {
  it.each(ROWS)('goes on with a new token: $name', async (row) => {
    const harm = { source: row.sourceHarm, destination: row.harm };
    await copyThroughGates(kind, harm, ({ error, source, destination, gates }) => {
      expect(error).toBeUndefined();
      expect(gates.source.issued()).toBe(row.tokens.source ?? 1);
      expect(gates.destination.issued()).toBe(row.tokens.destination ?? 1);
      const again = kind.keeps ? row.again.kept : row.again.forgotten;
      expect(destination.bytes.up).toBeLessThan(SIZE + again * MIB + MIB / 2);
      expect(destination.bytes.up).toBeGreaterThanOrEqual(SIZE);
      expect(source.bytes.down).toBeLessThan((row.reads ?? 2) * SIZE + MIB);
      expect(destination.bytes.dropped).toBeLessThan((row.reads ?? 1) * IN_FLIGHT);
      const [pattern, times] = row.most ?? [/./u, Infinity];
      expect(count(destination, pattern)).toBeLessThanOrEqual(times);
    });
  });

  it('gives up on a registry that refuses every token for the data', async () => {
    const harm: Row['harm'] = (gate) => (request) =>
      isData(request) ? { kind: 'answer', ...gate.revoke() } : undefined;
    await copyThroughGates(kind, { destination: harm }, ({ error, destination, gates }) => {
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({
        code: 'UNAUTHORIZED',
        hint: expect.stringMatching(/--no-creds/u) as string,
      });
      // Two for the data; the other blob may have met the same revocations.
      expect(count(destination, /^PUT .*\/uploads\//u)).toBeLessThanOrEqual(4);
      expect(gates.destination.issued()).toBeLessThanOrEqual(3);
      expect(destination.bytes.dropped).toBeLessThan(2 * IN_FLIGHT);
    });
  });

  it('is not led round in circles by a token that dies in every PUT', async () => {
    const harm: Row['harm'] = (gate) => (request) =>
      isData(request) ? { kind: 'answer-up', after: 2 * MIB, ...gate.revoke() } : undefined;
    await copyThroughGates(kind, { destination: harm }, ({ error, destination, gates }) => {
      if (kind.keeps) {
        // Each token brings 2 MiB further: as long as that is so, it goes on.
        expect(error).toBeUndefined();
        expect(gates.destination.issued()).toBeLessThanOrEqual(6);
        expect(destination.bytes.up).toBeLessThan(SIZE + MIB / 2);
      } else {
        expect(error).toMatchObject({ code: 'UNAUTHORIZED' });
        expect(gates.destination.issued()).toBeLessThanOrEqual(3);
        expect(destination.bytes.up).toBeLessThan(5 * MIB);
      }
    });
  });
}

describe('a realm on a foreign host', () => {
  /** The destination and its token server under names of their own, both on this machine. */
  const copyToNames = async (
    allowed: boolean,
    check: (seen: { error: unknown; sent: readonly (string | undefined)[] }) => void,
  ): Promise<void> => {
    await using from = await KEEPING.start();
    await using to = await KEEPING.start();
    const small = await makeImage({ layers: 1 });
    await pushImage(from.origin, 'app', ['v1'], small);
    await using tokens = await startScriptedServer(() => ({ status: 200, body: '{"token":"t"}' }));
    const realm = `http://tokens.elsewhere.test:${new URL(tokens.origin).port}/token`;
    const headers = { 'www-authenticate': `Bearer realm="${realm}",service="s"` };
    await using destination = await startFaultProxy(to, (request) =>
      request.headers.authorization === 'Bearer t'
        ? undefined
        : { kind: 'answer', status: 401, headers },
    );
    await using wire = quickWire({
      credentials: chainOf(BASIC),
      allowedRealms: () => allowed,
      lookup: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    const host = `registry.test:${new URL(destination.origin).port}`;
    const error = await tryCopy(wire, `127.0.0.1:${from.port}`, host);
    const stored = await tagOf(to.origin, 'copy', 'v1', small.root.mediaType);
    expect(stored).toBe(allowed ? small.root.digest : undefined);
    check({ error, sent: tokens.requests.map((one) => one.headers.authorization) });
  };

  it('gets no login, and the destination stays as it was', async () => {
    await copyToNames(false, ({ error, sent }) => {
      expect(error).toMatchObject({
        code: 'REALM_UNTRUSTED',
        hint: expect.stringContaining('--allow-realm') as string,
      });
      expect(sent.filter((one) => one !== undefined)).toEqual([]);
    });
  });

  it('is used where the user allowed it', async () => {
    await copyToNames(true, ({ error, sent }) => {
      expect(error).toBeUndefined();
      expect(sent).toEqual([expect.stringMatching(/^Basic /u)]);
    });
  });
});

describe('a token revoked in mid-transfer, a registry that keeps sessions', () => {
  suite(KEEPING);
});
describeWith(
  ['docker-registry'],
  'a token revoked in mid-transfer, docker-registry, which forgets sessions',
  () => {
    suite(FORGETTING);
  },
);
