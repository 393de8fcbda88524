import { afterAll, beforeAll, expect, it } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { createPolicy } from '../../src/retention/flags.ts';
import { goalOf } from '../../src/retention/goal.ts';
import { planPrune } from '../../src/retention/plan.ts';
import { readRepository } from '../../src/retention/read/repository.ts';
import { removeGoal } from '../../src/retention/run.ts';
import type { RepositoryName, Tag } from '../../src/server/names.ts';
import type { Capabilities, ReadStore } from '../../src/store/types.ts';
import { startEmbedded, type Embedded } from './embedded.ts';
import { oracle } from './oracle.ts';
import { NOW, randomRules, randomWorld, seeded, type Random, type World } from './random.ts';

/** The same in every run, so that a failure is one again; REGCTL_FUZZ_SEED takes another. */
const SEED = Number(process.env['REGCTL_FUZZ_SEED'] ?? 20_261_129);
const CASES = 500;

let embedded: Embedded;
beforeAll(async () => {
  embedded = await startEmbedded();
});
afterAll(() => embedded[Symbol.asyncDispose]());

interface Case {
  readonly world: World;
  readonly name: RepositoryName;
  readonly canList: boolean;
  readonly canUntag: boolean;
}

it(`${CASES} random repositories and rules, seed ${SEED}: the plan is the oracle's, what stays is whole, what goes is gone`, async () => {
  const random = seeded(SEED);
  let withWork = 0;
  for (let i = 0; i < CASES; i += 1) {
    withWork += (await tryOne(random, i)) ? 1 : 0;
  }
  expect(withWork).toBeGreaterThanOrEqual(CASES / 2);
});

async function tryOne(random: Random, number: number): Promise<boolean> {
  const world = randomWorld(random);
  const one: Case = {
    world,
    name: `r${number}` as RepositoryName,
    canList: random() < 0.7,
    canUntag: random() < 0.75,
  };
  const words = randomRules(random, one.canList);
  const what = `seed ${SEED}, case ${number}: ${JSON.stringify(words)}, lists: ${one.canList}, untags: ${one.canUntag}`;
  await seed(one);
  const store = storeOf(one);
  const policy = await createPolicy(words);
  const facts = await readRepository(store, {
    concurrency: 4,
    dates: policy.needsDates,
    mustList: policy.needsList,
  });
  const wanted = oracle(world, words, { canList: one.canList, moved: new Set() });
  const options = {
    now: NOW,
    protected: { digests: new Set<Digest>(), inUse: new Set<Digest>() },
    untagOnly: false,
    maxDelete: undefined,
    allowEmpty: true,
    check: false,
    moved: new Set<string>(),
  };
  if (wanted.refused) {
    expect(() => planPrune(facts, policy, options), what).toThrow(AppError);
    return false;
  }
  const plan = planPrune(facts, policy, options);
  const goal = goalOf(plan, facts);
  expect([...goal.tags.keys()].toSorted(), what).toEqual([...wanted.tags].toSorted());
  expect([...goal.manifests].toSorted(), what).toEqual([...wanted.manifests].toSorted());

  const moved = random() < 0.25 ? await moveOne(one, [...goal.tags.keys()], random) : undefined;
  const after = moved === undefined ? wanted : oracleAfter(one, words, moved);
  const outcome = await removeGoal(store, facts, goal, { concurrency: 4 });
  expect(outcome.failures, what).toEqual([]);
  expect([...outcome.manifests].toSorted(), what).toEqual([...after.manifests].toSorted());
  await checkWhole(one, outcome.manifests, moved, what);
  for (const tag of after.tags) {
    const digest = world.tags.get(tag) as Digest;
    if (!one.canUntag && !after.manifests.has(digest)) continue;
    expect(await at(one, tag), `${what}: ${tag}`).toBeUndefined();
  }
  return goal.tags.size + goal.manifests.size > 0;
}

/** Straight into the storage: a registry would refuse an index with something missing. */
async function seed({ world, name }: Case): Promise<void> {
  const { manifests } = embedded.storage;
  const { uploads } = embedded.storage;
  for (const [digest, text] of world.blobs) {
    const id = await uploads.create(name);
    await uploads.append(name, id, bytes(text));
    await uploads.finish(name, id, digest);
  }
  for (const [digest, { text, body }] of world.manifests) {
    const tags = [...world.tags].filter(([, one]) => one === digest).map(([tag]) => tag as Tag);
    const stored = { digest, mediaType: body.mediaType, raw: Buffer.from(text) };
    await manifests.put(name, stored, { subject: body.subject?.digest, tags });
  }
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

function storeOf({ name, canList, canUntag }: Case): ReadStore {
  const store = embedded.store(name);
  const { inventory, remove, ...rest } = store.capabilities;
  const refusing = {
    removeManifest: remove!.removeManifest,
    async untag() {
      throw new AppError('UNTAG_UNSUPPORTED', 'tags cannot be removed here');
    },
  };
  const capabilities: Capabilities = {
    ...rest,
    ...(canList ? { inventory: inventory! } : {}),
    remove: canUntag ? remove! : refusing,
  };
  return {
    label: store.label,
    capabilities,
    resolve: (ref, options) => store.resolve(ref, options),
    has: (descriptor, options) => store.has(descriptor, options),
    fetch: (descriptor, options) => store.fetch(descriptor, options),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const at = ({ name }: Case, tag: string): Promise<Digest | undefined> =>
  embedded.storage.manifests.resolve(name, tag as Tag);

interface Move {
  readonly tag: string;
  readonly to: Digest;
}

/** A push between the plan and its deletes: a tag that goes, or one that stays, gets another image. */
async function moveOne(one: Case, going: readonly string[], random: Random): Promise<Move> {
  const plain = [...one.world.tags.keys()].filter((tag) => !tag.startsWith('sha256-'));
  const from = going.filter((tag) => !tag.startsWith('sha256-') && random() < 0.7);
  const tag = [...from, ...plain][0] as string;
  const others = [...one.world.manifests.keys()].filter((to) => to !== one.world.tags.get(tag));
  const to = others[Math.floor(random() * others.length)] as Digest;
  const stored = await embedded.storage.manifests.get(one.name, to);
  await embedded.storage.manifests.put(one.name, stored!, {
    subject: one.world.manifests.get(to)?.body.subject?.digest,
    tags: [tag as Tag],
  });
  return { tag, to };
}

/** What the plan may still do: what it wanted, less all that the moved tag has or had. */
function oracleAfter(one: Case, words: Parameters<typeof oracle>[1], { tag, to }: Move) {
  const { canList } = one;
  const before = oracle(one.world, words, { canList, moved: new Set([tag]) });
  const alive = new Set<Digest>([to]);
  const { manifests } = one.world;
  for (const digest of before.seen) if (!before.manifests.has(digest)) alive.add(digest);
  for (;;) {
    const { size } = alive;
    for (const [digest, { body }] of manifests) {
      const special = [...one.world.tags].filter(
        ([name, target]) => target === digest && name.startsWith('sha256-'),
      );
      const subjects = [
        ...(body.subject === undefined ? [] : [body.subject.digest]),
        ...special.map(([name]) => `sha256:${name.slice(7, 71)}` as Digest),
      ];
      if (subjects.some((subject) => alive.has(subject))) alive.add(digest);
      if (alive.has(digest)) for (const child of body.manifests ?? []) alive.add(child.digest);
    }
    if (alive.size === size) break;
  }
  const dead = new Set([...before.manifests].filter((digest) => !alive.has(digest)));
  const tags = [...before.tags].filter((name) => {
    const special = name.startsWith('sha256-');
    const digest = one.world.tags.get(name) as Digest;
    return !special || dead.has(digest) || dead.has(`sha256:${name.slice(7, 71)}` as Digest);
  });
  return { manifests: dead, tags: new Set(tags) };
}

/** Nothing that is left misses what it had, and nothing that is left lost what vouches for it. */
async function checkWhole(
  one: Case,
  gone: ReadonlySet<Digest>,
  moved: Move | undefined,
  what: string,
): Promise<void> {
  const { manifests } = embedded.storage;
  const left = new Set<Digest>();
  for (const digest of one.world.manifests.keys()) {
    if (await manifests.has(one.name, digest)) left.add(digest);
  }
  for (const digest of gone)
    expect(left.has(digest), `${what}: ${digest} is still there`).toBe(false);
  const reachable: Digest[] = [];
  for (const tag of await manifests.tags(one.name)) {
    const digest = await at(one, tag);
    if (digest !== undefined) reachable.push(digest);
    const before = tag === moved?.tag ? moved.to : one.world.tags.get(tag);
    expect(digest, `${what}: ${tag}`).toBe(before);
  }
  for (const digest of reachable) {
    for (const child of one.world.manifests.get(digest)?.body.manifests ?? []) {
      if (!one.world.manifests.has(child.digest)) continue;
      expect(left.has(child.digest), `${what}: ${digest} lost ${child.digest}`).toBe(true);
      reachable.push(child.digest);
    }
    for (const [referrer, { body }] of one.world.manifests) {
      if (body.subject?.digest !== digest) continue;
      expect(left.has(referrer), `${what}: ${digest} lost its referrer`).toBe(true);
    }
  }
}
