import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { createPolicy } from '../../src/retention/flags.ts';
import { goalOf } from '../../src/retention/goal.ts';
import { planPrune, type PlanOptions } from '../../src/retention/plan.ts';
import { readRepository } from '../../src/retention/read/repository.ts';
import type { RuleWords } from '../../src/retention/rules.ts';
import { removeGoal } from '../../src/retention/run.ts';
import type { Plan } from '../../src/retention/types.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { ReadStore, WriteStore } from '../../src/store/types.ts';
import { blob, image, index, store as write, type TestImage } from '../helpers/graphs.ts';

/** The twelve ways in which clean-ups of registries have gone wrong, each a rule here. */

const NOW = Date.parse('2026-06-01T12:00:00Z');
const days = (ago: number): string => new Date(NOW - ago * 86_400_000).toISOString();

const built = (ago: number, name: string): TestImage =>
  image({
    config: blob(JSON.stringify({ created: days(ago), name }), MEDIA_TYPE.ociConfig),
    layers: [blob(name)],
  });

const options: PlanOptions = {
  now: NOW,
  protected: { digests: new Set(), inUse: new Set() },
  untagOnly: false,
  maxDelete: undefined,
  allowEmpty: false,
  check: false,
  moved: new Set(),
};

async function planFor(
  store: ReadStore,
  words: RuleWords,
  more: Partial<PlanOptions> = {},
): Promise<{ plan: Plan; run: (on?: ReadStore) => ReturnType<typeof removeGoal> }> {
  const policy = await createPolicy(words);
  const facts = await readRepository(store, { concurrency: 3, dates: policy.needsDates });
  const plan = planPrune(facts, policy, { ...options, ...more });
  const goal = goalOf(plan, facts);
  return { plan, run: (on = store) => removeGoal(on, facts, goal, { concurrency: 3 }) };
}

const isThere = (store: ReadStore, { descriptor }: TestImage): Promise<boolean> =>
  store.has(descriptor);

async function storeOf(tags: Readonly<Record<string, TestImage>>): Promise<WriteStore> {
  const store = createMemoryStore('r.example/app');
  for (const [tag, one] of Object.entries(tags)) await write(store, one, tag);
  return store;
}

describe('dangers of a clean-up', () => {
  it('1: children of an index that stays stay, though they have no tag, at any depth', async () => {
    const [amd, arm] = [built(300, 'amd'), built(300, 'arm')];
    const inner = index([amd, arm]);
    const store = await storeOf({ keep: index([inner]), old: index([amd]), gone: built(300, 'x') });
    const { run } = await planFor(store, { tag: ['old', 'gone'] });
    await run();
    for (const one of [inner, amd, arm]) expect(await isThere(store, one)).toBe(true);
  });

  it("2: BuildKit's attestations are children like others", async () => {
    const attestation = image({ layers: [blob('{"_type":"in-toto"}')] });
    const platforms = [undefined, { os: 'unknown', architecture: 'unknown' }];
    const multi = index([built(1, 'amd'), attestation], platforms);
    const store = await storeOf({ keep: multi, old: built(300, 'x') });
    await (await planFor(store, { keepTag: ['keep'] })).run();
    expect(await isThere(store, attestation)).toBe(true);
  });

  it('3: what refers to a kept child stays, with what refers to that; else it goes along', async () => {
    const [kept, old] = [built(1, 'kept'), built(300, 'old')];
    const sbom = image({ subject: kept.descriptor, layers: [blob('sbom')] });
    const signature = image({ subject: sbom.descriptor, layers: [blob('signature')] });
    const other = image({ subject: old.descriptor, layers: [blob('other')] });
    const store = await storeOf({ keep: index([kept]), old });
    for (const one of [sbom, signature, other]) await write(store, one);
    await (await planFor(store, { tag: ['old'] })).run();
    expect(await isThere(store, sbom)).toBe(true);
    expect(await isThere(store, signature)).toBe(true);
    expect(await isThere(store, other)).toBe(false);
  });

  it('4: of two tags on one digest one goes alone, and is left where the registry cannot', async () => {
    const one = built(300, 'one');
    const store = await storeOf({ a: one, b: one });
    const refusing: ReadStore = {
      ...store,
      capabilities: {
        ...store.capabilities,
        remove: {
          removeManifest: store.capabilities.remove!.removeManifest,
          untag: async () => {
            throw new AppError('UNTAG_UNSUPPORTED', 'no');
          },
        },
      },
    };
    const left = await (await planFor(refusing, { tag: ['a'] })).run();
    expect([...left.skipped]).toEqual([['a', 'no-untag']]);
    await store.resolve('a');
    await (await planFor(store, { tag: ['a'] })).run();
    await expect(store.resolve('a')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    await store.resolve('b');
  });

  it('5: a child that has a tag, or another index, goes last of all', async () => {
    const [shared, own] = [built(300, 'shared'), built(300, 'own')];
    const store = await storeOf({ v1: index([shared, own]), v2: index([shared]), own });
    const { plan, run } = await planFor(store, { tag: ['v1'] });
    expect(plan.manifests.size).toBe(1);
    await run();
    expect([await isThere(store, shared), await isThere(store, own)]).toEqual([true, true]);
  });

  it.each(['RATE_LIMITED', 'REGISTRY_ERROR', 'UNAUTHORIZED', 'NETWORK'] as const)(
    '6: a manifest that cannot be read (%s) leaves the repository alone',
    async (code) => {
      const [child, old] = [built(1, 'child'), built(300, 'old')];
      const store = await storeOf({ keep: index([child]), old });
      const failing: ReadStore = {
        ...store,
        fetch: async (descriptor, call) => {
          if (descriptor.digest === child.descriptor.digest) throw new AppError(code, 'not now');
          return store.fetch(descriptor, call);
        },
      };
      await expect(planFor(failing, { tag: ['old'] })).rejects.toMatchObject({ code });
    },
  );

  it.each(['1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '1980-01-01T00:00:01Z', 'yesterday'])(
    '7: an image of %s is young',
    async (created) => {
      const config = blob(JSON.stringify({ created }), MEDIA_TYPE.ociConfig);
      const store = await storeOf({
        jib: image({ config }),
        old: built(300, 'old'),
        v1: built(1, 'v1'),
      });
      const { plan } = await planFor(store, { olderThan: '30d' });
      expect(plan.tags.get('jib')).toMatchObject({ verdict: 'keep' });
      expect(plan.tags.get('old')).toMatchObject({ verdict: 'delete' });
      const newest = await planFor(store, { keep: 1 });
      expect(newest.plan.tags.get('jib')).toEqual({ verdict: 'keep', because: ['undated'] });
    },
  );

  it('8: a tag that was pushed between the plan and its delete stays, with all it has and had', async () => {
    const [old, other, fresh] = [built(300, 'old'), built(300, 'other'), built(0, 'fresh')];
    const store = await storeOf({ old, other, keep: built(1, 'keep') });
    const { run } = await planFor(store, { tag: ['o*'] });
    await write(store, index([other, fresh]), 'old');
    const { skipped } = await run();
    expect(skipped.get('old')).toBe('moved');
    for (const one of [old, other, fresh]) expect(await isThere(store, one)).toBe(true);
  });

  it('8: a tag that came since the plan protects what it leads to', async () => {
    const old = built(300, 'old');
    const store = await storeOf({ old, keep: built(1, 'keep') });
    const { run } = await planFor(store, { tag: ['old'] });
    await write(store, index([old]), 'new');
    await run();
    expect(await isThere(store, old)).toBe(true);
    await expect(store.resolve('old')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  it('9: what runs somewhere stays, by tag or by the digest of a platform', async () => {
    const [amd, old] = [built(300, 'amd'), built(300, 'old')];
    const store = await storeOf({ multi: index([amd]), old, keep: built(1, 'keep') });
    const inUse = new Set<Digest>([amd.descriptor.digest, old.descriptor.digest]);
    const { plan, run } = await planFor(
      store,
      { keepTag: ['keep'] },
      { protected: { digests: new Set(), inUse } },
    );
    expect(plan.tags.get('old')).toEqual({ verdict: 'keep', because: ['--in-use'] });
    await run();
    expect(await isThere(store, amd)).toBe(true);
  });

  it('10: a pattern that chooses everything is stopped, and so is no rule at all', async () => {
    const store = await storeOf({ a: built(300, 'a'), b: built(300, 'b') });
    expect((await planFor(store, { tag: ['/./'] })).plan.brake).toBe('keeps nothing');
    const half = { maxDelete: { count: 40, percent: true } };
    expect((await planFor(store, { tag: ['a'] }, half)).plan.brake).toBe('max-delete');
    await expect(createPolicy({})).rejects.toMatchObject({ exitStatus: 64 });
  });

  it('11: bytes are those that nothing else uses', async () => {
    const [a, b] = ['a', 'b'].map((name) =>
      image({
        config: blob(name, MEDIA_TYPE.ociConfig),
        layers: [blob('base'), blob(`own ${name}`)],
      }),
    );
    const store = await storeOf({ a: a as TestImage, b: b as TestImage });
    const { plan } = await planFor(store, { tag: ['a'] });
    expect(plan.blobBytes).toBe('a'.length + 'own a'.length);
    expect(plan.manifestBytes).toBe(a?.descriptor.size);
  });

  it('12: each manifest is read once, and no configuration where no rule asks for a date', async () => {
    const shared = built(1, 'shared');
    const store = await storeOf({ a: index([shared]), b: index([shared]), c: shared });
    const asked: string[] = [];
    const watched: ReadStore = {
      ...store,
      fetch: async (descriptor, call) => {
        asked.push(descriptor.digest);
        return store.fetch(descriptor, call);
      },
    };
    await planFor(watched, { tag: ['a'] });
    expect(asked.filter((one) => one === shared.descriptor.digest)).toHaveLength(1);
    const { manifest } = shared;
    const config = manifest.kind === 'image' ? manifest.config.digest : '';
    expect(asked).not.toContain(config);
  });
});
