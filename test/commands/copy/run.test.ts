import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/copy/run.ts';
import type { HostSide, Side } from '../../../src/client/types.ts';
import type { Context } from '../../../src/commands/context.ts';
import type { Result } from '../../../src/commands/result.ts';
import type { Input } from '../../../src/commands/types.ts';
import type { RegistryClient } from '../../../src/registry/types.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { PushOptions, WriteStore } from '../../../src/store/types.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import { makeImage, makeIndex, PLATFORMS, type TestImage } from '../../helpers/images.ts';
import { tempDir } from '../../helpers/temp.ts';
import { fakeContext, input, storeWith, textOf, jsonOf } from '../fake-context.ts';

interface Copied {
  readonly result: Result;
  readonly destination: WriteStore;
  readonly pushes: (PushOptions & { readonly mediaType: string })[];
}

const fakeRegistry = (): RegistryClient => ({
  repository: () => expect.unreachable(),
  catalog: () => expect.unreachable(),
  ping: () => expect.unreachable(),
});

async function copy(
  image: TestImage,
  names: readonly [string, string],
  options: Input['options'] = {},
  more: {
    readonly destination?: WriteStore;
    readonly cwd?: string;
    readonly flags?: Partial<Context['flags']>;
  } = {},
): Promise<Copied> {
  const source = await storeWith({ v1: image }, 'src.example/app');
  const destination = more.destination ?? createMemoryStore('dest.example/app');
  const pushes: Copied['pushes'] = [];
  const sides: (Side | HostSide)[] = [];
  // Each side signs in on its own: nothing is shared between them.
  const [src, dest] = [fakeRegistry(), fakeRegistry()];
  const registries = { src, dest, single: src };
  const context = fakeContext({
    cwd: more.cwd ?? '/nowhere',
    flags: more.flags ?? {},
    requestCount: () => 7,
    registry: async (side) => registries[side as Side],
    openRead: async (_location, side) => {
      sides.push(side);
      return source;
    },
    openWrite: async (_location, side) => {
      sides.push(side);
      return {
        ...destination,
        push: (one, push = {}) => {
          pushes.push({ ...push, mediaType: one.descriptor.mediaType });
          return destination.push(one, push);
        },
      };
    },
  });
  const result = await run(context, input(names, options), {});
  expect(sides).toEqual(['src', 'dest']);
  return { result, destination, pushes };
}

const NAMES = ['src.example/app:v1', 'dest.example/app:v2'] as const;

describe('copy', () => {
  it('ends with DESTINATION@DIGEST and counts what it did', async () => {
    const image = await makeIndex();
    const { result, destination } = await copy(image, NAMES);
    expect(textOf(result)).toBe(`dest.example/app:v2@${image.root.digest}`);
    expect((await destination.resolve('v2')).digest).toBe(image.root.digest);
    expect(jsonOf(result)).toMatchObject({
      Source: 'src.example/app:v1',
      Destination: 'dest.example/app:v2',
      Digest: image.root.digest,
      MediaType: image.root.mediaType,
      Blobs: { Written: expect.any(Number) as number, Mounted: 0, Present: 0 },
      Requests: 7,
      ElapsedMs: 0,
    });
  });

  it('a destination without a tag is "latest"; named by digest it gets no tag', async () => {
    const image = await makeImage();
    const tagged = await copy(image, ['src.example/app:v1', 'dest.example/app']);
    expect(textOf(tagged.result)).toBe(`dest.example/app:latest@${image.root.digest}`);
    expect((await tagged.destination.resolve('latest')).digest).toBe(image.root.digest);
    const pinned = `dest.example/app@${image.root.digest}`;
    const byDigest = await copy(image, ['src.example/app:v1', pinned]);
    expect(textOf(byDigest.result)).toBe(pinned);
    await expect(byDigest.destination.resolve('latest')).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
  });

  it('refuses a destination named by another digest before it writes', async () => {
    const [image, other] = await Promise.all([makeImage(), makeImage()]);
    const source = await storeWith({ v1: image });
    const context = fakeContext({ openRead: async () => source });
    const names = ['src.example/app:v1', `dest.example/app@${other.root.digest}`];
    await expect(run(context, input(names), {})).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('mounts from the source repository on one registry, and from nowhere else', async () => {
    const image = await makeImage();
    const near = await copy(image, ['r.example/a:v1', 'r.example/b:v1']);
    expect(near.pushes.some((push) => push.mountFrom?.includes('a') === true)).toBe(true);
    const far = await copy(image, NAMES);
    expect(far.pushes.every((push) => (push.mountFrom ?? []).length === 0)).toBe(true);
  });

  it('within one repository writes the manifest alone', async () => {
    const image = await makeImage();
    const destination = await storeWith({ v1: image });
    const { pushes } = await copy(image, ['r.example/a:v1', 'r.example/a:v2'], {}, { destination });
    expect(pushes.map((push) => push.mediaType)).toEqual([image.root.mediaType]);
  });

  it('--no-clobber refuses to move a tag, and accepts the same image', async () => {
    const [image, other] = await Promise.all([makeImage(), makeImage()]);
    const taken = await storeWith({ v2: other });
    await expect(
      copy(image, NAMES, { noClobber: true }, { destination: taken }),
    ).rejects.toMatchObject({ code: 'TAG_EXISTS', exitStatus: 3 });
    expect((await taken.resolve('v2')).digest).toBe(other.root.digest);
    const same = await storeWith({ v2: image });
    await copy(image, NAMES, { noClobber: true }, { destination: same });
  });

  it('--platform and --multi-arch system copy one image', async () => {
    const index = await makeIndex();
    const arm = await copy(index, NAMES, {}, { flags: { platform: 'linux/arm64' } });
    expect((await arm.destination.resolve('v2')).digest).not.toBe(index.root.digest);
    const host = await copy(index, NAMES, { multiArch: 'system' });
    expect((await host.destination.resolve('v2')).digest).not.toBe(
      (await arm.destination.resolve('v2')).digest,
    );
  });

  it('several platforms rewrite the index, which --preserve-digests refuses', async () => {
    const index = await makeIndex();
    const flags = { platform: 'linux/amd64,linux/arm64' };
    const { result, destination } = await copy(index, NAMES, {}, { flags });
    const { digest } = await destination.resolve('v2');
    expect(digest).not.toBe(index.root.digest);
    expect(jsonOf(result)).toMatchObject({ Digest: digest });
    await expect(copy(index, NAMES, { preserveDigests: true }, { flags })).rejects.toMatchObject({
      code: 'DIGEST_CHANGED',
      exitStatus: 3,
    });
  });

  it('--additional-tag and --digestfile', async () => {
    await using dir = await tempDir();
    const image = await makeImage();
    const options = { additionalTag: ['stable', 'latest'], digestfile: 'digest' };
    const { destination } = await copy(image, NAMES, options, { cwd: dir.path });
    for (const tag of ['v2', 'stable', 'latest'])
      expect((await destination.resolve(tag)).digest).toBe(image.root.digest);
    expect(await readFile(dir.join('digest'), 'utf8')).toBe(image.root.digest);
  });

  for (const [what, options, flags] of [
    ['--all with --platform', { all: true }, { platform: 'linux/amd64' }],
    ['--all with --multi-arch system', { all: true, multiArch: 'system' }, {}],
    [
      '--multi-arch index-only with --platform',
      { multiArch: 'index-only' },
      { platform: 'linux/amd64' },
    ],
    ['--all-tags with --additional-tag', { allTags: true, additionalTag: ['x'] }, {}],
    ['--all-tags with --digestfile', { allTags: true, digestfile: 'x' }, {}],
    ['--dry-run with --digestfile', { dryRun: true, digestfile: 'x' }, {}],
    ['a filter without --all-tags', { include: ['x'] }, {}],
    ['--newest without --all-tags', { newest: 3 }, {}],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await expect(run(fakeContext({ flags }), input(NAMES, options), {})).rejects.toMatchObject({
        code: 'USAGE',
      });
    });
  }

  it('refuses --all-tags of one image', async () => {
    await expect(run(fakeContext(), input(NAMES, { allTags: true }), {})).rejects.toMatchObject({
      code: 'INVALID_REFERENCE',
    });
  });

  it('refuses an additional tag that is none', async () => {
    await expect(
      run(fakeContext(), input(NAMES, { additionalTag: ['a/b:c'] }), {}),
    ).rejects.toMatchObject({ code: 'INVALID_REFERENCE' });
  });
});

describe('what a copy reports', () => {
  it('names the outcome and every tag', async () => {
    const image = await makeImage();
    const options = { additionalTag: ['stable', 'v2', 'latest'] };
    const first = await copy(image, NAMES, options);
    expect(jsonOf(first.result)).toMatchObject({
      Outcome: 'copied',
      Tags: ['v2', 'stable', 'latest'],
    });
    const { digest } = image.root;
    expect(textOf(first.result).split('\n')).toEqual(
      ['stable', 'latest', 'v2'].map((tag) => `dest.example/app:${tag}@${digest}`),
    );
    const { destination } = first;
    const again = await copy(image, NAMES, options, { destination });
    expect(jsonOf(again.result)).toMatchObject({ Outcome: 'unchanged' });
    const more = await copy(image, NAMES, { additionalTag: ['new'] }, { destination });
    expect(jsonOf(more.result)).toMatchObject({ Outcome: 'copied', Tags: ['v2', 'new'] });
  });

  it('knows what is there by digest, too', async () => {
    const image = await makeImage();
    const names = [NAMES[0], `dest.example/app@${image.root.digest}`] as const;
    const { result, destination } = await copy(image, names);
    expect(jsonOf(result)).toMatchObject({ Outcome: 'copied', Tags: [] });
    const again = await copy(image, names, {}, { destination });
    expect(jsonOf(again.result)).toMatchObject({ Outcome: 'unchanged' });
  });
});

describe('copy --all-tags', () => {
  const repositories = ['src.example/app', 'dest.example/app'] as const;

  async function copyAll(images: Record<string, string>, options: Input['options']) {
    const made = Object.entries(images).map(
      async ([tag, created]) => [tag, await makeImage({ created })] as const,
    );
    const source = await storeWith(Object.fromEntries(await Promise.all(made)), repositories[0]);
    const destination = createMemoryStore(repositories[1]);
    const context = fakeContext({
      requestCount: () => 0,
      registry: async () => fakeRegistry(),
      openRead: async () => source,
      openWrite: async () => destination,
    });
    const result = await run(context, input(repositories, { allTags: true, ...options }), {});
    const tags = (await Array.fromAsync(destination.capabilities.tags!.tags())).flat();
    return { result, tags, warnings: context.warnings };
  }

  it.each([
    ['a filter that nothing matches', { a: '' }, { include: ['^9'] }, /no tag of .* matches/u],
    ['a repository without tags', {}, {}, /has no tags/u],
  ])('that copies nothing is a failure: %s', async (_what, images, options, why) => {
    await expect(copyAll(images, options)).rejects.toMatchObject({
      exitStatus: 2,
      message: expect.stringMatching(why) as string,
    });
    const allowed = await copyAll(images, { ...options, allowEmpty: true });
    expect(allowed.tags).toEqual([]);
    expect(allowed.warnings).toEqual([expect.stringMatching(why)]);
  });

  it('takes the newest of those that have a date, and names the others', async () => {
    const images = {
      year1: '0001-01-01T00:00:00Z',
      old: '2019-01-01T00:00:00Z',
      new: '2026-01-01T00:00:00Z',
      zip: '1980-01-01T00:00:01Z',
    };
    const { tags, warnings } = await copyAll(images, { newest: 1 });
    expect(tags).toEqual(['new']);
    expect(warnings).toEqual(['tags without a date are left out of --newest: year1, zip']);
  });

  it('does not guess which of undated images is the newest', async () => {
    const epoch = '2024-05-01T00:00:00Z';
    for (const created of ['1970-01-01T00:00:00Z', epoch]) {
      const images = { a: created, b: created };
      await expect(copyAll(images, { newest: 1 })).rejects.toMatchObject({ code: 'USAGE' });
      expect((await copyAll(images, { newest: 2 })).tags).toEqual(['a', 'b']);
    }
    await expect(copyAll({ a: epoch }, { newest: 0 })).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe("copy to an archive of Docker's", () => {
  it.each([
    ['src.example/app:v1', 'src.example/app:v1'],
    ['src.example/app', 'src.example/app:latest'],
    ['alpine:3.20', 'alpine:3.20'],
    ['docker.io/team/app:1', 'team/app:1'],
    ['oci:/dir:ghcr.io/o/app:v1', 'ghcr.io/o/app:v1'],
    ['oci:/dir:v1', undefined],
    ['docker-archive:/a.tar:app:v1', 'app:v1'],
  ])('names the image as at the source: %s', async (from, name) => {
    const image = await makeImage({ flavour: 'docker' });
    const tag = /:([\w.-]+)$/u.exec(from)?.[1] ?? 'latest';
    const names = ['v1', 'latest', '3.20', '1', tag, 'app:v1', 'ghcr.io/o/app:v1'];
    const source = await storeWith(Object.fromEntries(names.map((one) => [one, image])));
    const destination = createMemoryStore('docker-archive:/out.tar');
    const context = fakeContext({
      requestCount: () => 0,
      registry: async () => fakeRegistry(),
      openRead: async () => source,
      openWrite: async () => destination,
    });
    const result = await run(context, input([from, 'docker-archive:/out.tar']), {});
    expect(jsonOf(result)).toMatchObject({ Tags: name === undefined ? [] : [name] });
  });

  it.each(['docker-archive:/out.tar', 'docker-archive:/out.tar:src.example/app:v1'])(
    'reads a bare additional tag as one of the same repository: %s',
    async (to) => {
      const source = await storeWith({ v1: await makeImage({ flavour: 'docker' }) });
      const destination = createMemoryStore('docker-archive:/out.tar');
      const context = fakeContext({
        requestCount: () => 0,
        registry: async () => fakeRegistry(),
        openRead: async () => source,
        openWrite: async () => destination,
      });
      const options = { additionalTag: ['other', 'q/z:1'] };
      const result = await run(context, input(['src.example/app:v1', to], options), {});
      const tags = ['src.example/app:v1', 'src.example/app:other', 'q/z:1'];
      expect(jsonOf(result)).toMatchObject({ Tags: tags });
      expect(textOf(result)).toContain('docker-archive:/out.tar:src.example/app:other@sha256:');
    },
  );

  it("takes this machine's platform of an index, and says so", async () => {
    const [image, single] = [await makeIndex(), await makeImage({ platform: PLATFORMS[1]! })];
    const store = await storeWith({ v1: image, single });
    const notes: unknown[] = [];
    const to = async (name: string, options: Input['options'] = {}) => {
      const destination = createMemoryStore('docker-archive:/out.tar');
      const context = fakeContext({
        requestCount: () => 0,
        registry: async () => fakeRegistry(),
        openRead: async () => store,
        openWrite: async () => destination,
        emit: (event) => void (event.type === 'note' && notes.push(event.text)),
      });
      const names = [`src.example/app:${name}`, 'docker-archive:/out.tar'];
      return jsonOf(await run(context, input(names, options), {})) as { MediaType: string };
    };
    expect((await to('v1')).MediaType).toBe(MEDIA_TYPE.ociManifest);
    expect(notes).toEqual([
      'only linux/amd64 of the index is copied, under the digest of that image',
    ]);
    expect((await to('v1', { all: true })).MediaType).toBe(MEDIA_TYPE.ociIndex);
    expect(await to('single')).toMatchObject({ Digest: single.root.digest });
  });
});
