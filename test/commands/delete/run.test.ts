import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/delete/run.ts';
import type { Context } from '../../../src/commands/context.ts';
import type { Input } from '../../../src/commands/types.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import type { Remover, WriteStore } from '../../../src/store/types.ts';
import { sourceFromBytes } from '../../../src/store/verify.ts';
import { makeImage, makeIndex, type TestImage } from '../../helpers/images.ts';
import { fakeContext, input, nobody, storeWith, textOf, jsonOf } from '../fake-context.ts';

interface Setup {
  readonly image: TestImage;
  readonly context: ReturnType<typeof fakeContext>;
  readonly removed: string[];
  delete(ref: string, options?: Input['options']): ReturnType<typeof run>;
}

async function setUp(
  change: {
    readonly terminal?: Context['terminal'];
    readonly store?: (store: WriteStore) => Partial<WriteStore>;
    readonly remover?: Partial<Remover>;
  } = {},
): Promise<Setup> {
  const [image, other] = await Promise.all([makeImage(), makeImage()]);
  const store = await storeWith({ v1: image, stable: image, other, alone: await makeImage() });
  const removed: string[] = [];
  const remove: Remover = {
    async removeManifest(digest: Digest) {
      removed.push(digest);
    },
    async untag(tag: string) {
      removed.push(tag);
    },
    ...change.remover,
  };
  const open: WriteStore = {
    ...store,
    capabilities: { ...store.capabilities, remove },
    ...change.store?.(store),
  };
  const context = fakeContext({
    openRead: async () => open,
    requestCount: () => 7,
    ...(change.terminal === undefined ? {} : { terminal: change.terminal }),
  });
  return {
    image,
    context,
    removed,
    delete: (ref, options = {}) => run(context, input([`r.example/app${ref}`], options), {}),
  };
}

const answering = (answer: boolean, asked: string[] = []): Context['terminal'] => ({
  ...nobody,
  interactive: true,
  async confirm(question) {
    asked.push(question);
    return answer;
  },
});

describe('delete by tag', () => {
  it('deletes the digest when no other tag shares it', async () => {
    const { delete: del, removed } = await setUp();
    const result = await del(':alone');
    expect(removed).toHaveLength(1);
    expect(jsonOf(result)).toMatchObject({
      Repository: 'r.example/app',
      Tags: ['alone'],
      DryRun: false,
    });
  });

  it('refuses, names the siblings and deletes nothing, also with --yes', async () => {
    const { delete: del, removed, image } = await setUp();
    const refusal = del(':v1', { yes: true });
    await expect(refusal).rejects.toMatchObject({
      code: 'TAG_SHARED',
      exitStatus: 3,
      details: { digest: image.root.digest, tags: ['stable'] },
    });
    await expect(refusal).rejects.toThrow(/stable/u);
    expect(removed).toEqual([]);
  });

  it('--force deletes and reports every tag of the digest', async () => {
    const { delete: del, removed, image } = await setUp();
    const result = await del(':v1', { force: true });
    expect(removed).toEqual([image.root.digest]);
    expect(jsonOf(result)).toMatchObject({ Tags: ['v1', 'stable'] });
  });

  it('--dry-run deletes nothing, and refuses what would be refused', async () => {
    const { delete: del, removed } = await setUp();
    expect(textOf(await del(':v1', { dryRun: true, force: true }))).toMatch(/^Would delete/u);
    await expect(del(':v1', { dryRun: true })).rejects.toMatchObject({ code: 'TAG_SHARED' });
    expect(removed).toEqual([]);
  });

  it('deletes nothing when a tag cannot be looked up', async () => {
    const { delete: del, removed } = await setUp({
      store: (store) => ({
        resolve: async (ref, options) => {
          if (ref === 'other') throw new AppError('REGISTRY_ERROR', 'try later');
          return store.resolve(ref, options);
        },
      }),
    });
    await expect(del(':alone')).rejects.toMatchObject({ code: 'REGISTRY_ERROR' });
    expect(removed).toEqual([]);
  });

  it('passes over a tag that went away meanwhile', async () => {
    const { delete: del, removed } = await setUp({
      store: (store) => ({
        resolve: async (ref, options) => {
          if (ref === 'stable') throw new AppError('MANIFEST_UNKNOWN', 'gone');
          return store.resolve(ref, options);
        },
      }),
    });
    await del(':v1');
    expect(removed).toHaveLength(1);
  });

  it('a missing tag is an error', async () => {
    const { delete: del } = await setUp();
    await expect(del(':nope')).rejects.toMatchObject({ exitStatus: 2 });
  });

  it('wants the tag written: "latest" is never guessed', async () => {
    const { delete: del } = await setUp();
    await expect(del('')).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('delete --untag', () => {
  it('removes a listed tag whose manifest is gone', async () => {
    const missing = async (ref: string | undefined): Promise<never> => {
      throw new AppError('MANIFEST_UNKNOWN', `${ref} does not exist`);
    };
    const { delete: del, removed } = await setUp({ store: () => ({ resolve: missing }) });
    const result = await del(':v1', { untag: true });
    expect(removed).toEqual(['v1']);
    expect(jsonOf(result)).toMatchObject({ Digest: null, Tags: ['v1'] });
    await expect(del(':unlisted', { untag: true })).rejects.toMatchObject({ exitStatus: 2 });
    expect(removed).toEqual(['v1']);
  });

  it('removes the tag alone', async () => {
    const { delete: del, removed, image } = await setUp();
    const result = await del(':v1', { untag: true });
    expect(removed).toEqual(['v1']);
    expect(jsonOf(result)).toMatchObject({ Digest: image.root.digest, Tags: ['v1'] });
  });

  it('never falls back to the digest', async () => {
    const { delete: del, removed } = await setUp({
      remover: {
        untag: async () => {
          throw new AppError('UNTAG_UNSUPPORTED', 'cannot');
        },
      },
    });
    await expect(del(':v1', { untag: true })).rejects.toMatchObject({ exitStatus: 1 });
    expect(removed).toEqual([]);
  });

  it('contradicts --force and a digest', async () => {
    const { delete: del, image } = await setUp();
    await expect(del(':v1', { untag: true, force: true })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(del(`@${image.root.digest}`, { untag: true })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});

describe('delete by digest', () => {
  it('refuses a child of a tagged index, and names the index and its tags', async () => {
    const index = await makeIndex();
    const [child] = [...index.nodes.values()].filter(
      ({ descriptor }) =>
        descriptor.mediaType === index.root.mediaType.replace('index', 'manifest'),
    );
    const digest = child?.descriptor.digest as Digest;
    const open = await storeWith({ multi: index });
    const context = fakeContext({ openRead: async () => open, requestCount: () => 7 });
    const del = (options: Input['options']) =>
      run(context, input([`r.example/app@${digest}`], options), {});
    await expect(del({})).rejects.toMatchObject({
      code: 'MANIFEST_LISTED',
      exitStatus: 3,
      details: { digest, indexes: [index.root.digest] },
    });
    await expect(del({ dryRun: true })).rejects.toThrow(/an index lists it, with the tag multi$/u);
    await del({ force: true });
    await expect(open.resolve(digest)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  it('refuses when a tag cannot be looked up: what needs it is not known', async () => {
    const {
      delete: del,
      removed,
      image,
    } = await setUp({
      store: (store) => ({
        resolve: async (ref, options) => {
          if (ref === 'other') throw new AppError('REGISTRY_ERROR', 'try later');
          return store.resolve(ref, options);
        },
      }),
    });
    await expect(del(`@${image.root.digest}`)).rejects.toMatchObject({ code: 'REGISTRY_ERROR' });
    expect(removed).toEqual([]);
    await del(`@${image.root.digest}`, { force: true });
    expect(removed).toEqual([image.root.digest]);
  });

  it('asks for each thing once; --force asks for no tag', async () => {
    const asked: string[] = [];
    const { delete: del, image } = await setUp({
      store: (store) => ({
        resolve: async (ref, options) => {
          asked.push(String(ref));
          return store.resolve(ref, options);
        },
      }),
    });
    const { digest } = image.root;
    await del(`@${digest}`);
    expect(asked.toSorted()).toEqual(['alone', 'other', digest, 'stable', 'v1']);
    asked.length = 0;
    await del(':alone');
    expect(asked.toSorted()).toEqual(['alone', 'other', 'stable', 'v1']);
    asked.length = 0;
    await del(`@${digest}`, { force: true });
    expect(asked).toEqual([digest]);
  });

  it('of a manifest that cannot be read works all the same', async () => {
    const {
      delete: del,
      removed,
      image,
    } = await setUp({
      store: (store) => ({
        resolve: async (ref, options) => {
          if (options?.purpose === 'content') throw new AppError('REGISTRY_ERROR', 'quarantined');
          return store.resolve(ref, options);
        },
      }),
    });
    await del(`@${image.root.digest}`);
    await del(`@${image.root.digest}`, { force: true });
    expect(removed).toEqual([image.root.digest, image.root.digest]);
  });

  it('says what refers to it and stays, and --referrers takes it along first', async () => {
    const image = await makeImage();
    const sbom = await makeImage({ subject: image.root });
    const setup = async () => {
      const open = await storeWith({ v1: image });
      for (const { descriptor, bytes } of sbom.nodes.values())
        await open.push(sourceFromBytes(descriptor, bytes));
      return { open, context: fakeContext({ openRead: async () => open, requestCount: () => 7 }) };
    };
    const without = await setup();
    await run(without.context, input(['r.example/app:v1']), {});
    expect(without.context.notes).toEqual([
      expect.stringMatching(/^1 referrer \(.*stay; .*--referrers$/u),
    ]);
    await without.open.resolve(sbom.root.digest);
    const along = await setup();
    await run(along.context, input(['r.example/app:v1'], { referrers: true }), {});
    expect(along.context.notes).toEqual([]);
    await expect(along.open.resolve(sbom.root.digest)).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
  });

  it('--dry-run names the tags that would go', async () => {
    const { delete: del, removed, image } = await setUp();
    const result = await del(`@${image.root.digest}`, { dryRun: true });
    expect(jsonOf(result)).toMatchObject({ Tags: ['stable', 'v1'], DryRun: true });
    expect(removed).toEqual([]);
  });
});

describe('delete on a terminal', () => {
  it('asks, naming what goes; "no" is exit 3', async () => {
    const asked: string[] = [];
    const { delete: del, removed, image } = await setUp({ terminal: answering(false, asked) });
    await expect(del(':v1', { force: true })).rejects.toMatchObject({
      code: 'DECLINED',
      exitStatus: 3,
    });
    expect(removed).toEqual([]);
    expect(asked).toEqual([`Delete r.example/app@${image.root.digest} with the tags v1, stable?`]);
  });

  it('"yes" deletes, and --yes does not ask', async () => {
    const yes = await setUp({ terminal: answering(true) });
    await yes.delete(':alone');
    expect(yes.removed).toHaveLength(1);
    const silent = await setUp({ terminal: { ...nobody, interactive: true } });
    await silent.delete(':alone', { yes: true });
    expect(silent.removed).toHaveLength(1);
  });
});
