import { describe, expect, it } from 'vitest';
import { run as listTags } from '../../../src/commands/tags/list-tags.ts';
import { run as tags } from '../../../src/commands/tags/run.ts';
import type { Input } from '../../../src/commands/types.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import type { Capabilities, ReadStore } from '../../../src/store/types.ts';
import { makeImage, makeIndex } from '../../helpers/images.ts';
import {
  fakeContext,
  input,
  linesOf,
  storeWith,
  textOf,
  jsonOf,
  printed,
} from '../fake-context.ts';

/** A store of names alone, in pages; every look-up is a mistake. */
function namesOnly(
  pages: readonly (readonly string[])[],
): ReadStore & { readonly served: number[] } {
  const served: number[] = [];
  const capabilities: Capabilities = {
    tags: {
      async *tags() {
        for (const [i, page] of pages.entries()) {
          served.push(i);
          yield page;
        }
      },
    },
  };
  const unexpected = (): never => {
    throw new Error('Unexpected look-up');
  };
  return {
    label: 'r.example/app',
    capabilities,
    resolve: unexpected,
    has: unexpected,
    fetch: unexpected,
    served,
    async [Symbol.asyncDispose]() {},
  };
}

async function listed(
  pages: readonly (readonly string[])[],
  options: Input['options'],
): Promise<readonly string[]> {
  const context = fakeContext({ openRead: async () => namesOnly(pages) });
  const result = await tags(context, input(['r.example/app'], options), {});
  return result.kind === 'list' ? linesOf(result) : textOf(result).split('\n');
}

describe('tags that carry referrers', () => {
  const digest = 'a'.repeat(64);
  const carriers = [`sha256-${digest}`, `sha256-${digest}.sig`, `sha256-${digest}.meta`];

  it('--no-digest-tags leaves them out, and nothing that only looks alike', async () => {
    const alike = ['sha256-abc', 'v1.sig', `sha256-${digest}x`];
    const pages = [['v1', ...carriers, ...alike]];
    expect(await listed(pages, { noDigestTags: true })).toEqual(['v1', ...alike]);
    expect(await listed(pages, {})).toEqual(['v1', ...carriers, ...alike]);
  });

  it('--long marks them', async () => {
    const image = await makeImage();
    const store = await storeWith({ v1: image, [`sha256-${digest}.sig`]: image });
    const context = fakeContext({ openRead: async () => store });
    const result = await tags(context, input(['r.example/app'], { long: true }), {});
    expect(textOf(result)).toMatch(/\.sig .* sig of aaaaaaaaaaaa$/mu);
  });
});

describe('tags --same-as', () => {
  it('lists what shares the digest of an image, of its own repository by default', async () => {
    const [image, other] = await Promise.all([makeImage(), makeImage()]);
    const store = await storeWith({ v1: image, stable: image, v2: other });
    const opened: string[] = [];
    const context = fakeContext({
      openRead: async ({ name }) => {
        opened.push(name);
        return store;
      },
    });
    const same = async (args: readonly string[], options: Input['options']) =>
      textOf(await tags(context, input(args, options), {})).split('\n');
    expect(await same([], { sameAs: 'r.example/app:stable' })).toEqual(['stable', 'v1']);
    await same(['r.example/mirror'], { sameAs: 'r.example/app:stable' });
    expect(opened).toEqual(['r.example/app', 'r.example/app', 'r.example/app', 'r.example/mirror']);
  });

  it('is not combined with --digest, and a repository is needed without it', async () => {
    const context = fakeContext();
    const both = { sameAs: 'a/b:c', digest: `sha256:${'0'.repeat(64)}` };
    await expect(tags(context, input([], both), {})).rejects.toMatchObject({ exitStatus: 64 });
    await expect(tags(context, input([]), {})).rejects.toMatchObject({ exitStatus: 64 });
  });
});

describe('tags', () => {
  const names = [
    ['latest', '1.9', '1.10.0'],
    ['1.10.0-rc.1', 'v2.0', '1.9-alpine'],
  ];

  it('streams in the order of the registry and stops asking at the limit', async () => {
    const store = namesOnly(names);
    const context = fakeContext({ openRead: async () => store });
    const result = await tags(context, input(['r.example/app'], { limit: 2 }), {});
    expect(await linesOf(result)).toEqual(['latest', '1.9']);
    expect(store.served).toEqual([0]);
  });

  it('refuses a limit of 0', async () => {
    const context = fakeContext();
    await expect(tags(context, input(['r.example/app'], { limit: 0 }), {})).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('filters by regular expressions, searched anywhere, and by a range of versions', async () => {
    expect(await listed(names, { include: ['^1', 'late'], exclude: ['alp'] })).toEqual([
      'latest',
      '1.9',
      '1.10.0',
      '1.10.0-rc.1',
    ]);
    expect(await listed(names, { semver: '>=1.9 <2' })).toEqual(['1.9', '1.10.0']);
  });

  it('sorts versions as numbers, a pre-release before its release, other names first', async () => {
    expect(await listed(names, { sort: 'version' })).toEqual([
      'latest',
      '1.9',
      '1.9-alpine',
      '1.10.0-rc.1',
      '1.10.0',
      'v2.0',
    ]);
    expect(await listed(names, { sort: 'version', reverse: true, limit: 2 })).toEqual([
      'v2.0',
      '1.10.0',
    ]);
    expect(await listed(names, { sort: 'name', limit: 2 })).toEqual(['1.10.0', '1.10.0-rc.1']);
  });

  for (const [what, options] of [
    ['an invalid expression', { include: ['('] }],
    ['an invalid range', { semver: 'newest' }],
  ] as const) {
    it(`refuses ${what} before the first request`, async () => {
      await expect(
        tags(fakeContext(), input(['r.example/app'], options), {}),
      ).rejects.toMatchObject({ code: 'USAGE' });
    });
  }

  it('refuses the name of an image', async () => {
    await expect(tags(fakeContext(), input(['r.example/app:v1']), {})).rejects.toMatchObject({
      code: 'INVALID_REFERENCE',
      hint: expect.stringContaining('r.example/app') as string,
    });
  });

  it("list-tags streams skopeo's JSON, also for no tags at all", async () => {
    for (const pages of [names, []]) {
      const context = fakeContext({ openRead: async () => namesOnly(pages) });
      const result = await listTags(context, input(['r.example/app']), {});
      expect(result.defaultOutput).toBe('json');
      const value = { Repository: 'r.example/app', Tags: pages.flat() };
      expect(await printed(result)).toBe(`${JSON.stringify(value, undefined, 4)}\n`);
    }
  });

  it('leaves a hostile name to the output, which writes it exactly as JSON and harmless as text', async () => {
    expect(await listed([['a\u001b[31m']], {})).toEqual(['a\u001b[31m']);
  });
});

describe('tags with look-ups', () => {
  it('--digest lists the tags that point at it', async () => {
    const [one, other] = await Promise.all([makeImage(), makeImage()]);
    const store = await storeWith({ v1: one, v2: other, stable: one });
    const context = fakeContext({ openRead: async () => store });
    const result = await tags(context, input(['r.example/app'], { digest: one.root.digest }), {});
    expect(textOf(result).split('\n')).toEqual(['stable', 'v1']);
  });

  it('--long looks at a shared digest once and shows age, size and platforms', async () => {
    const created = '2026-01-02T03:04:06Z';
    const [image, index] = await Promise.all([makeImage({ created }), makeIndex()]);
    const store = await storeWith({ v1: image, same: image, multi: index });
    const fetched: string[] = [];
    const counting: ReadStore = {
      label: store.label,
      capabilities: store.capabilities,
      resolve: (...args) => store.resolve(...args),
      has: (...args) => store.has(...args),
      fetch: (descriptor, call) => {
        fetched.push(descriptor.digest);
        return store.fetch(descriptor, call);
      },
      async [Symbol.asyncDispose]() {},
    };
    const context = fakeContext({ openRead: async () => counting });
    const result = await tags(context, input(['r.example/app'], { long: true }), {});
    const { Details } = jsonOf(result) as { Details: Record<string, unknown>[] };
    const size = [...image.nodes.values()]
      .filter(({ descriptor }) => descriptor.digest !== image.root.digest)
      .reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    expect(Details).toMatchObject([
      { Name: 'multi', Platforms: ['linux/amd64', 'linux/arm64/v8', 'linux/arm/v7'] },
      { Name: 'same' },
      {
        Name: 'v1',
        Digest: image.root.digest,
        MediaType: image.root.mediaType,
        Created: created,
        Size: size,
        Platforms: ['linux/amd64'],
      },
    ]);
    expect(fetched.filter((digest) => digest === image.root.digest)).toHaveLength(1);
    expect(textOf(result)).toMatch(/^TAG +DIGEST +CREATED +SIZE +PLATFORMS\n/u);
    expect(textOf(result)).toContain('4 weeks ago');
  });

  it('--long lists a tag whose manifest is gone, with empty columns', async () => {
    const [image, gone] = await Promise.all([makeImage(), makeImage()]);
    const store = await storeWith({ v1: image, gone });
    const context = fakeContext({ openRead: async () => withoutManifest(store, 'gone') });
    const options = { long: true, sort: 'created' };
    const result = await tags(context, input(['r.example/app'], options), {});
    const { Details } = jsonOf(result) as { Details: Record<string, unknown>[] };
    expect(Details.map(({ Name, Digest }) => [Name, Digest])).toEqual([
      ['v1', image.root.digest],
      ['gone', null],
    ]);
    expect(textOf(result)).toMatch(/^gone$/mu);
  });

  describe('a date that says nothing', () => {
    const dates = {
      year1: '0001-01-01T00:00:00Z',
      1970: '1970-01-01T00:00:01Z',
      zip: '1980-01-01T00:00:01Z',
      none: '',
      new: '2026-01-30T00:00:00Z',
      old: '2019-01-01T00:00:00Z',
    };
    const ordered = async (all: Record<string, string>, options: Input['options']) => {
      const images = Object.entries(all).map(
        async ([tag, created]) => [tag, await makeImage({ created })] as const,
      );
      const store = await storeWith(Object.fromEntries(await Promise.all(images)));
      const context = fakeContext({ openRead: async () => store });
      return tags(context, input(['r.example/app'], { sort: 'created', ...options }), {});
    };

    it('is neither old nor new', async () => {
      const undated = ['1970', 'none', 'year1', 'zip'];
      for (const [reverse, known] of [
        [false, ['old', 'new']],
        [true, ['new', 'old']],
      ] as const) {
        const { Tags } = jsonOf(await ordered(dates, { reverse })) as { Tags: string[] };
        expect(Tags).toEqual([...known, ...undated]);
      }
    });

    it('has no age', async () => {
      const text = textOf(await ordered(dates, { long: true }));
      expect(text.match(/\bago\b/gu)).toHaveLength(2);
    });

    it('is also one whole second for all, but not what a clock wrote', async () => {
      const created = async (...all: readonly string[]) => {
        const result = await ordered(Object.fromEntries(all.map((one, i) => [`t${i}`, one])), {
          long: true,
        });
        const { Details } = jsonOf(result) as { Details: { Created: string | null }[] };
        return Details.map((one) => one.Created);
      };
      const epoch = '2024-05-01T00:00:00Z';
      expect(await created(epoch, epoch)).toEqual([null, null]);
      expect(await created(epoch)).toEqual([epoch]);
      expect(await created(epoch, '2024-05-01T00:00:01Z')).not.toContain(null);
      const clock = '2024-05-01T00:00:00.123456789Z';
      expect(await created(clock, clock)).toEqual([clock, clock]);
    });
  });
});

/** A tag that is listed, and answers that it does not exist. */
function withoutManifest(store: ReadStore, tag: string): ReadStore {
  return {
    label: store.label,
    capabilities: store.capabilities,
    resolve: async (ref, call) => {
      if (ref === tag) throw new AppError('MANIFEST_UNKNOWN', 'gone');
      return store.resolve(ref, call);
    },
    has: (...args) => store.has(...args),
    fetch: (...args) => store.fetch(...args),
    async [Symbol.asyncDispose]() {},
  };
}
