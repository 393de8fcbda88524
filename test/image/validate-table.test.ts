import { describe, expect, it } from 'vitest';
import { validateImage } from '../../src/image/validate.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { sourceFromBytes } from '../../src/store/verify.ts';
import type { TestImage } from '../helpers/images.ts';
import { noise, tocImage, type Files, type TableChange } from '../helpers/toc-layers.ts';

const FILES: Files = {
  'etc/name': Buffer.from('small'),
  'etc/again': { hardLink: 'etc/name' },
  'etc/empty': Buffer.alloc(0),
  big: noise(400_000, 'big'),
};

async function problemsOf({ nodes, root }: TestImage): Promise<readonly string[]> {
  const store = createMemoryStore('r.example/app');
  for (const { descriptor, bytes } of nodes.values())
    await store.push(sourceFromBytes(descriptor, bytes));
  const { problems } = await validateImage(store, root.digest);
  return problems.map(({ message }) => message);
}

describe.each(['estargz', 'zstd:chunked'] as const)('a table of contents in %s', (format) => {
  it('that lists the files of its layer is sound', async () => {
    expect(await problemsOf(tocImage(format, FILES))).toEqual([]);
  });

  it.each<[string, NonNullable<TableChange['entries']>, RegExp]>([
    [
      'a file less',
      (all) => all.filter(({ name }) => name !== 'etc/empty'),
      /not list "etc\/empty"/u,
    ],
    [
      'a file more',
      (all) => [...all, { name: 'etc/more', type: 'reg' }],
      /lists "etc\/more", which the layer does not have/u,
    ],
    [
      'another mode',
      (all) => all.map((one) => (one['name'] === 'big' ? { ...one, mode: 0o4755 } : one)),
      /gives "big" another mode/u,
    ],
    [
      'another target',
      (all) => all.map((one) => (one['linkName'] ? { ...one, linkName: 'big' } : one)),
      /gives "etc\/again" another target/u,
    ],
    [
      'a link in place of a file',
      (all) =>
        all.map((one) =>
          one['name'] === 'etc/empty' ? { ...one, type: 'symlink', linkName: 'name' } : one,
        ),
      /gives "etc\/empty" another type/u,
    ],
  ])('with %s is a problem', async (_what, entries, message) => {
    expect(await problemsOf(tocImage(format, FILES, { entries }))).toEqual([
      expect.stringMatching(message),
    ]);
  });

  it('with another digest than the manifest names is a problem', async () => {
    const digest = digestOf(Buffer.from('another'));
    expect(await problemsOf(tocImage(format, FILES, { digest }))).toEqual([
      expect.stringMatching(/does not have the digest that the manifest names/u),
    ]);
  });
});
