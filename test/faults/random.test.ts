import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import type { RepositoryName, Tag } from '../../src/server/names.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import type { Storage } from '../../src/server/storage/types.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { type Fault, type Schedule, startFaultProxy } from '../helpers/fault-proxy.ts';
import { makeImage, storeImage, type TestImage } from '../helpers/images.ts';
import { fuzzRuns } from '../fuzz/runs.ts';
import { BASIC, chainOf } from '../http/setup.ts';
import { type Gate, startGate } from './gate.ts';
import { type Lane, quickWire, tryCopy } from './lab.ts';

/** More schedules on demand: REGCTL_FUZZ_RUNS=5000 npx vitest run --project faults random */
const RUNS = { few: fuzzRuns(200), many: fuzzRuns(100), large: fuzzRuns(100) } as const;

const offset = fc.integer({ min: 0, max: 9000 });
const status = fc.constantFrom(
  408,
  425,
  429,
  499,
  500,
  502,
  503,
  504,
  522,
  400,
  403,
  404,
  413,
  416,
);
const code = fc.constantFrom(
  'BLOB_UPLOAD_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'RANGE_INVALID',
  'UNKNOWN',
);

/** Every token so far is worth nothing: said at once, or in the middle of a body. */
interface Revocation {
  readonly kind: 'revoke';
  readonly after: number;
  readonly close: boolean;
}
type Harm = Fault | Revocation;

const harm: fc.Arbitrary<Harm> = fc.oneof(
  fc.record({
    kind: fc.constant('revoke' as const),
    after: fc.oneof(fc.constant(0), offset),
    close: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('drip-down' as const), after: offset }),
  fc.record({
    kind: fc.constant('answer' as const),
    status,
    headers: fc.constantFrom({}, { 'retry-after': '1' }, { 'retry-after': '9999999' }),
    body: code.map((name) => JSON.stringify({ errors: [{ code: name, message: name }] })),
  }),
  fc.constant({ kind: 'reset' as const }),
  fc.constant({ kind: 'lose-answer' as const }),
  fc.record({ kind: fc.constant('spoil-answer' as const), status }),
  fc.record({ kind: fc.constantFrom('cut-up' as const, 'cut-down' as const), after: offset }),
  fc.record({ kind: fc.constantFrom('stall-up' as const, 'stall-down' as const), after: offset }),
  fc.record({ kind: fc.constant('answer-up' as const), after: offset, status }),
  fc.record({ kind: fc.constantFrom('corrupt-up' as const, 'corrupt-down' as const), at: offset }),
  fc.record({ kind: fc.constant('wrong-length' as const), by: fc.integer({ min: -9, max: 9 }) }),
  fc.constantFrom(
    { kind: 'extra-bytes' as const },
    { kind: 'ignore-range' as const },
    { kind: 'wrong-range' as const },
  ),
);

/** One entry a request, in the order they come; the last may stay for ever. */
const plan = fc.record({
  faults: fc.array(fc.option(harm, { nil: undefined, freq: 2 }), { maxLength: 12 }),
  stays: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: harm }),
});

type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

const COSTLY: ReadonlySet<string> = new Set(['stall-up', 'stall-down', 'drip-down']);

/** Stalls cost real time: what would hang for ever does so once. */
function scheduleOf({ faults, stays }: Plan, gate: Gate): Schedule {
  const left = [...faults];
  const next = (): Harm | undefined => {
    if (left.length > 0) return left.shift();
    return stays !== undefined && COSTLY.has(stays.kind) ? undefined : stays;
  };
  return ({ headers }) => {
    const refused = gate.check(headers.authorization);
    if (refused !== undefined) return refused;
    const one = next();
    if (one?.kind !== 'revoke') return one;
    const { after, close } = one;
    const refusal = { ...gate.revoke(), close };
    return after === 0 ? { kind: 'answer', ...refusal } : { kind: 'answer-up', after, ...refusal };
  };
}

interface Registry {
  readonly port: number;
  readonly storage: Storage;
}

async function checkPlan(
  { port, storage }: Registry,
  made: { readonly image: TestImage; readonly old: TestImage; readonly name: string },
  plans: { readonly source: Plan; readonly destination: Plan },
  lane: Lane,
): Promise<boolean> {
  const { image, old, name } = made;
  const names = { from: 'app', to: name };
  await storeImage(storage, name, ['v1'], old);
  await using gates = await startGates();
  await using source = await startFaultProxy({ port }, scheduleOf(plans.source, gates.source));
  const to = scheduleOf(plans.destination, gates.destination);
  await using destination = await startFaultProxy({ port }, to);
  const timeouts = {
    headersMs: 60,
    firstByteMs: 60,
    idleMs: 60,
    speedWindowMs: 60,
    minSpeed: 2000,
    slowestLink: 1e9,
  };
  await using wire = quickWire({ credentials: chainOf(BASIC), timeouts }, lane);
  const error = await tryCopy(wire, source.host, destination.host, names);
  if (error === undefined) {
    await expectStored(storage, name, image);
    return true;
  }
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).exitStatus).toBeGreaterThan(0);
  const digest = await storage.manifests.resolve(name as RepositoryName, 'v1' as Tag);
  // An answer that was lost for good after the manifest was stored: the tag is new, and it is whole.
  await expectStored(storage, name, digest === old.root.digest ? old : image);
  return false;
}

async function startGates(): Promise<
  { readonly source: Gate; readonly destination: Gate } & AsyncDisposable
> {
  const [source, destination] = await Promise.all([startGate('from'), startGate('to')]);
  return {
    source,
    destination,
    async [Symbol.asyncDispose]() {
      await Promise.all([source, destination].map((gate) => gate[Symbol.asyncDispose]()));
    },
  };
}

/** The tag `v1` is the image, and every byte of it is there. */
async function expectStored(storage: Storage, name: string, image: TestImage): Promise<void> {
  const repository = name as RepositoryName;
  expect(await storage.manifests.resolve(repository, 'v1' as Tag)).toBe(image.root.digest);
  for (const [digest, { bytes }] of image.nodes) {
    const blob = await storage.blobs.read(repository, digest);
    const stored =
      blob === undefined
        ? (await storage.manifests.get(repository, digest))?.raw
        : Buffer.concat(await Array.fromAsync(blob));
    expect(Buffer.compare(bytes, stored ?? Buffer.of()), digest).toBe(0);
  }
}

it.each([
  ['as usual', 'few'],
  ['as one of many', 'many'],
  ['as large ones', 'large'],
] as const)(
  'random schedules end whole or with an error and the destination as it was, contents sent %s',
  async (_name, lane) => {
    const runs = RUNS[lane];
    const storage = createMemoryStorage();
    const server = await startRegistryServer({ storage });
    const registry = { port: Number(server.url.port), storage };
    const image = await makeImage({ layers: 2, layerSize: 8000 });
    const old = await makeImage({ layers: 1 });
    await storeImage(storage, 'app', ['v1'], image);
    let count = 0;
    let whole = 0;
    const schedules = fc.asyncProperty(plan, plan, async (source, destination) => {
      count += 1;
      const made = { image, old, name: `copy${count}` };
      if (await checkPlan(registry, made, { source, destination }, lane)) whole += 1;
    });
    try {
      await fc.assert(schedules, runs);
      // The statement would hold for a copy that always fails as well.
      expect(whole).toBeGreaterThan(runs.numRuns / 10);
    } finally {
      await server.close();
    }
  },
  RUNS.few.numRuns * 2000,
);
