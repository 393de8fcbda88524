import { expect, it } from 'vitest';
import { chooseUntagged } from '../../../src/commands/serve/gc/untagged.ts';
import { digestOf, type Digest } from '../../../src/oci/digest.ts';
import { collectGarbage } from '../../../src/server/gc/collect.ts';
import type { RepositoryName, Tag } from '../../../src/server/names.ts';
import { createMemoryStorage } from '../../../src/server/storage/memory.ts';
import type { Storage } from '../../../src/server/storage/types.ts';
import { seeded, type Random } from '../../retention/random.ts';
import { putManifest, startServer, type Send } from '../client.ts';
import { fallbackTag, image, index, keptManifests, type Repository, type Shape } from './model.ts';

/** The same in every run, so that a failure is one again; REGCTL_FUZZ_SEED takes another. */
const SEED = Number(process.env['REGCTL_FUZZ_SEED'] ?? 20_261_129);
const CASES = 120;
const STEPS = 30;

const HOUR = 3_600_000;
const GRACE = HOUR;
const NAMES = ['one', 'two'] as const;
const DATA = Array.from({ length: 6 }, (_, i) => Buffer.from(`blob ${i}`));

type Step = (world: World) => Promise<void>;

/** A registry, and what a client may rely on after each answer. */
class World {
  readonly storage: Storage;
  readonly send: Send;
  readonly random: Random;
  readonly repositories = new Map<string, Repository>();
  readonly shapes = new Map<Digest, Shape>();
  readonly clock: { now: number };
  readonly log: string[] = [];
  removed = 0;

  constructor(storage: Storage, send: Send, random: Random, clock: { now: number }) {
    this.storage = storage;
    this.send = send;
    this.random = random;
    this.clock = clock;
    for (const name of NAMES) {
      this.repositories.set(name, { blobs: new Map(), manifests: new Map(), tags: new Map() });
    }
  }

  pick<T>(some: Iterable<T>): T | undefined {
    const all = [...some];
    return all[Math.floor(this.random() * all.length)];
  }

  somewhere(): [string, Repository] {
    return this.pick(this.repositories) as [string, Repository];
  }

  shapeOf(digest: Digest | undefined): Shape | undefined {
    return digest === undefined ? undefined : this.shapes.get(digest);
  }

  get what(): string {
    return `seed ${SEED}: ${this.log.join(' · ')}`;
  }
}

const pushBlob: Step = async (world) => {
  const [name, { blobs }] = world.somewhere();
  const data = world.pick(DATA) as Buffer;
  const digest = digestOf(data);
  const url = `/v2/${name}/blobs/uploads/?digest=${digest}`;
  expect((await world.send('POST', url, { body: data })).status, world.what).toBe(201);
  blobs.set(digest, world.clock.now);
};

const headBlob: Step = async (world) => {
  const [name, { blobs }] = world.somewhere();
  const digest = digestOf(world.pick(DATA) as Buffer);
  const { status } = await world.send('HEAD', `/v2/${name}/blobs/${digest}`);
  expect(status, world.what).toBe(blobs.has(digest) ? 200 : 404);
  if (status === 200) blobs.set(digest, world.clock.now);
};

const mount: Step = async (world) => {
  const [name, { blobs }] = world.somewhere();
  const from = name === 'one' ? 'two' : 'one';
  const digest = digestOf(world.pick(DATA) as Buffer);
  const url = `/v2/${name}/blobs/uploads/?mount=${digest}&from=${from}`;
  const { status } = await world.send('POST', url);
  const isThere = world.repositories.get(from)?.blobs.has(digest) === true;
  expect(status, world.what).toBe(isThere ? 201 : 202);
  if (status === 201) blobs.set(digest, world.clock.now);
};

/** An image, an index or a referrer, with a tag, without one, or as a fallback tag's index. */
const put: Step = async (world) => {
  const { random } = world;
  const [name, repository] = world.somewhere();
  const { blobs, manifests, tags } = repository;
  const isIndex = random() < 0.35;
  const subject =
    random() < 0.3 ? world.shapeOf(world.pick(world.shapes.keys()))?.artifact : undefined;
  const some = <T>(all: readonly T[]): T[] => all.filter(() => random() < 0.4);
  const shape = isIndex
    ? index(
        some([...manifests.keys()]).map((one) => world.shapes.get(one)!.artifact),
        subject,
      )
    : image([world.pick(DATA) as Buffer, ...some(DATA)], subject);
  const { digest } = shape.artifact;
  const kind = random();
  const about = world.pick(world.shapes.keys());
  const tag =
    kind < 0.5
      ? `v${Math.floor(random() * 4)}`
      : kind < 0.65 && about !== undefined && isIndex
        ? fallbackTag(about)
        : undefined;
  const isWhole = shape.blobs.every((one) => blobs.has(one));
  const { status } = await putManifest(world.send, name, tag ?? digest, shape.artifact);
  expect(status, `${world.what}: what HEAD reported is refused`).toBe(isWhole ? 201 : 400);
  world.shapes.set(digest, shape);
  // A refusal renews what was found before what is missing.
  for (const blob of shape.blobs) {
    if (!blobs.has(blob)) return;
    blobs.set(blob, world.clock.now);
  }
  for (const child of shape.children) manifests.set(child, world.clock.now);
  if (subject !== undefined && manifests.has(subject.digest)) {
    manifests.set(subject.digest, world.clock.now);
  }
  manifests.set(digest, world.clock.now);
  if (tag !== undefined) tags.set(tag, digest);
};

const headManifest: Step = async (world) => {
  const [name, { manifests }] = world.somewhere();
  const digest = world.pick(world.shapes.keys());
  if (digest === undefined) return;
  const { status } = await world.send('HEAD', `/v2/${name}/manifests/${digest}`);
  expect(status, world.what).toBe(manifests.has(digest) ? 200 : 404);
  if (status === 200) manifests.set(digest, world.clock.now);
};

const untag: Step = async (world) => {
  const [name, { tags }] = world.somewhere();
  const tag = world.pick(tags.keys());
  if (tag === undefined) return;
  expect((await world.send('DELETE', `/v2/${name}/manifests/${tag}`)).status).toBe(202);
  tags.delete(tag);
};

const deleteManifest: Step = async (world) => {
  const [name, repository] = world.somewhere();
  const digest = world.pick(repository.manifests.keys());
  if (digest === undefined) return;
  expect((await world.send('DELETE', `/v2/${name}/manifests/${digest}`)).status).toBe(202);
  forget(repository, digest);
};

const wait: Step = async (world) => {
  world.clock.now += Math.floor(world.random() * 1.5 * HOUR);
};

const gc: Step = async (world) => {
  const rules = { untagged: world.random() < 0.6, orphans: world.random() < 0.4 };
  const before = world.clock.now - GRACE;
  const choose = chooseUntagged(rules);
  const options = { before: new Date(before), choose };
  const planned = await collectGarbage(world.storage, { ...options, dryRun: true });
  const report = await collectGarbage(world.storage, options);
  expect(planned, `${world.what}: --dry-run`).toEqual(report);
  world.removed += report.manifests.removed + report.blobs.removed;
  for (const repository of world.repositories.values()) {
    const kept = keptManifests(repository, world.shapes, before, rules);
    for (const digest of repository.manifests.keys()) {
      if (!kept.has(digest)) forget(repository, digest);
    }
    const needed = new Set([...kept].flatMap((one) => world.shapes.get(one)?.blobs ?? []));
    for (const [digest, renewed] of repository.blobs) {
      if (!needed.has(digest) && renewed < before) repository.blobs.delete(digest);
    }
  }
  await compare(world);
};

function forget({ manifests, tags }: Repository, digest: Digest): void {
  manifests.delete(digest);
  for (const [tag, to] of tags) if (to === digest) tags.delete(tag);
}

/** The storage has exactly what the model has: nothing is lost, and nothing stays for ever. */
async function compare(world: World): Promise<void> {
  const { storage, what } = world;
  for (const [key, { blobs, manifests, tags }] of world.repositories) {
    const name = key as RepositoryName;
    expect(await storage.blobs.list(name), what).toEqual([...blobs.keys()].toSorted());
    const listed = await storage.manifests.list(name);
    expect(
      listed.map(({ digest }) => digest),
      what,
    ).toEqual([...manifests.keys()].toSorted());
    expect(await storage.manifests.tags(name), what).toEqual([...tags.keys()].toSorted() as Tag[]);
  }
}

const STEPS_BY_WEIGHT: readonly (readonly [number, string, Step])[] = [
  [4, 'push', pushBlob],
  [3, 'head', headBlob],
  [2, 'mount', mount],
  [6, 'put', put],
  [2, 'head manifest', headManifest],
  [2, 'untag', untag],
  [1, 'delete', deleteManifest],
  [4, 'wait', wait],
  [3, 'gc', gc],
];

it(`${CASES} random orders of pushes, questions, deletions and gc, seed ${SEED}: what was answered holds for an hour, what is needed stays, the rest goes`, async () => {
  const random = seeded(SEED);
  const bag = STEPS_BY_WEIGHT.flatMap((step) => Array.from({ length: step[0] }, () => step));
  let withWork = 0;
  for (let i = 0; i < CASES; i += 1) {
    const clock = { now: Date.parse('2026-06-01T12:00:00Z') };
    const storage = createMemoryStorage(() => clock.now);
    const { server, send } = await startServer({ storage });
    const world = new World(storage, send, random, clock);
    for (let step = 0; step < STEPS; step += 1) {
      const [, name, run] = bag[Math.floor(random() * bag.length)]!;
      world.log.push(name);
      await run(world);
    }
    clock.now += 2 * HOUR;
    await gc(world);
    if (world.removed > 0) withWork += 1;
    await server.close();
  }
  expect(withWork).toBeGreaterThanOrEqual(CASES / 2);
});
