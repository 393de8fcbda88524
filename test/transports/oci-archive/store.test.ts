import { readdir, readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { copyImage } from '../../../src/copy/copy-image.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { ReadStore } from '../../../src/store/types.ts';
import { fetchAll } from '../../../src/store/verify.ts';
import {
  openOciArchiveForRead,
  openOciArchiveForWrite,
} from '../../../src/transports/oci-archive/store.ts';
import { blob, image, index, store, type TestImage } from '../../helpers/graphs.ts';
import { placesIn, stdinOf, stdoutBuffer } from '../../helpers/pipes.ts';
import { tempDir } from '../../helpers/temp.ts';
import { codeOf, thrown } from '../../helpers/thrown.ts';
import { MemberTable } from '../../../src/transports/tar/archive.ts';
import { tarOf, type TestMember } from '../tar/archives.ts';

const layer = blob(Buffer.alloc(600_000, 'layer'));
const tree = index([image({ layers: [layer, blob('{"json":"layer"}')] })]);

function membersOf(root: TestImage, tag = 'v1'): TestMember[] {
  const entry = { ...root.descriptor, annotations: { 'org.opencontainers.image.ref.name': tag } };
  return [
    ...[...root.below, root].map(({ descriptor, data }) => ({
      name: `blobs/sha256/${descriptor.digest.slice(7)}`,
      data,
    })),
    { name: 'index.json', data: JSON.stringify({ schemaVersion: 2, manifests: [entry] }) },
    { name: 'oci-layout', data: '{"imageLayoutVersion":"1.0.0"}' },
  ];
}

/** What a copy of `source` lacks or has otherwise. */
async function missing(source: ReadStore): Promise<string[]> {
  const destination = createMemoryStore();
  await copyImage({
    source,
    destination,
    destinationTag: 'v1',
    concurrency: 4,
    emit: () => undefined,
  });
  expect((await destination.resolve('v1')).digest).toBe(tree.descriptor.digest);
  const wrong: string[] = [];
  for (const { descriptor, data } of tree.below) {
    const found = await fetchAll(destination, descriptor);
    if (Buffer.compare(found, data) !== 0) wrong.push(descriptor.digest);
  }
  return wrong;
}

describe('oci-archive:', () => {
  it('reads a plain tar, also one that "tar c ." wrote', async () => {
    await using dir = await tempDir();
    const members = membersOf(tree).map((one) => ({ ...one, name: `./${one.name}` }));
    await writeFile(dir.join('a.tar'), await tarOf([{ name: './' }, ...members]));
    await using source = await openOciArchiveForRead(dir.join('a.tar'), placesIn(dir.path));
    expect(await missing(source)).toEqual([]);
  });

  it.each(['at the end', 'in front'])(
    'streams standard input whose index stands %s, and leaves no file',
    async (where) => {
      await using dir = await tempDir();
      const members = membersOf(tree);
      const data = await tarOf(where === 'in front' ? members.toReversed() : members);
      const context = placesIn(dir.path, stdinOf(data));
      await using source = await openOciArchiveForRead('-', context);
      expect(await missing(source)).toEqual([]);
      expect(await readdir(dir.path)).toEqual([]);
    },
  );

  it('reads a compressed file, anything of it at any time', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('a.tgz'), gzipSync(await tarOf(membersOf(tree))));
    await using source = await openOciArchiveForRead(dir.join('a.tgz'), placesIn(dir.path));
    expect((await source.resolve('v1')).digest).toBe(tree.descriptor.digest);
    expect(Buffer.compare(await fetchAll(source, layer.descriptor), layer.data)).toBe(0);
    await using again = await openOciArchiveForRead(dir.join('a.tgz'), placesIn(dir.path));
    expect(await missing(again)).toEqual([]);
    expect(await readdir(dir.path)).toEqual(['a.tgz']);
  });

  it('says so when what has passed is asked for', async () => {
    await using dir = await tempDir();
    const context = placesIn(dir.path, stdinOf(await tarOf(membersOf(tree))));
    await using source = await openOciArchiveForRead('-', context);
    expect((await source.resolve(undefined)).digest).toBe(tree.descriptor.digest);
    await expect(fetchAll(source, layer.descriptor)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('save it in a file') as string,
    });
  });

  it('adds a tag to a file, replaces one, and writes anew without a tag', async () => {
    await using dir = await tempDir();
    const name = dir.join('a.tar');
    const other = image({ layers: [blob('other')] });
    const write = async (ref: string | undefined, root: TestImage): Promise<void> => {
      await using into = await openOciArchiveForWrite({ name, ref }, placesIn(dir.path));
      await store(into, root, ref);
    };
    const tags = async (): Promise<string[]> => {
      await using source = await openOciArchiveForRead(name, placesIn(dir.path));
      const found: string[] = [];
      for await (const page of source.capabilities.tags?.tags() ?? []) found.push(...page);
      return found;
    };
    await write('v1', tree);
    await write('v2', other);
    expect(await tags()).toEqual(['v1', 'v2']);
    await write('v1', other);
    expect(await tags()).toEqual(['v2', 'v1']);
    await using source = await openOciArchiveForRead(name, placesIn(dir.path));
    expect(await source.has(layer.descriptor)).toBe(false);
    await write(undefined, tree);
    expect(await tags()).toEqual([]);
    expect(await readdir(dir.path)).toEqual(['a.tar']);
  });

  it('writes to standard output, the same bytes each time', async () => {
    await using dir = await tempDir();
    const write = async (): Promise<Buffer> => {
      const out = stdoutBuffer();
      const context = placesIn(dir.path, out);
      await using into = await openOciArchiveForWrite({ name: '-', ref: 'v1' }, context);
      await store(into, tree, 'v1');
      return out.data();
    };
    const data = await write();
    expect(await write()).toEqual(data);
    await using source = await openOciArchiveForRead('-', placesIn(dir.path, stdinOf(data)));
    expect(await missing(source)).toEqual([]);
    expect(await readdir(dir.path)).toEqual([]);
  });

  it('leaves the old file alone when a write fails', async () => {
    await using dir = await tempDir();
    const name = dir.join('a.tar');
    await writeFile(name, 'old');
    {
      await using into = await openOciArchiveForWrite({ name, ref: undefined }, placesIn(dir.path));
      const bytes = (async function* () {
        yield Buffer.from('lie');
      })();
      const source = { descriptor: layer.descriptor, open: async () => bytes };
      await expect(into.push(source)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    }
    expect(await readFile(name, 'utf8')).toBe('old');
    expect(await readdir(dir.path)).toEqual(['a.tar']);
  });
});

describe('hostile archives', () => {
  const digest = layer.descriptor.digest.slice(7);
  const rest = membersOf(tree).filter(({ name }) => !name.endsWith(digest));
  const layerAt = `blobs/sha256/${digest}`;

  it.each<[string, readonly TestMember[]]>([
    ['a symbolic link out', [{ name: layerAt, symlink: '../../../etc/passwd' }, ...rest]],
    ['an absolute link', [{ name: layerAt, symlink: '/etc/passwd' }, ...rest]],
    ['a hard link out', [{ name: layerAt, link: '../etc/passwd' }, ...rest]],
    ['a circle of links', [{ name: layerAt, link: 'a' }, { name: 'a', symlink: layerAt }, ...rest]],
    ['two indexes', [...membersOf(tree), { name: 'index.json', data: '{}' }]],
    ['no index', rest.filter(({ name }) => name !== 'index.json')],
    ['altered content', [{ name: layerAt, data: Buffer.alloc(600_000, 'other') }, ...rest]],
    ['another size', [{ name: layerAt, data: 'short' }, ...rest]],
    ['traversal alone', [{ name: `../${layerAt}`, data: layer.data }, ...rest]],
  ])('%s is refused with an exit status for damage', async (_what, members) => {
    await using dir = await tempDir();
    const data = await tarOf(members);
    await writeFile(dir.join('a.tar'), data);
    for (const place of [dir.join('a.tar'), '-']) {
      const context = placesIn(dir.path, stdinOf(data));
      const attempt = async (): Promise<void> => {
        await using source = await openOciArchiveForRead(place, context);
        await missing(source);
      };
      expect(await codeOf(attempt())).toMatch(
        /^(?:CORRUPT_ARCHIVE|DIGEST_MISMATCH|SIZE_MISMATCH|BLOB_UNKNOWN)$/,
      );
    }
    expect(await readdir(dir.path)).toEqual(['a.tar']);
  });

  it.each([700, 1500, 300_000])('a file cut short at %d bytes is corrupt', async (length) => {
    await using dir = await tempDir();
    const data = (await tarOf(membersOf(tree))).subarray(0, length);
    await writeFile(dir.join('a.tar'), data);
    for (const place of [dir.join('a.tar'), '-']) {
      const context = placesIn(dir.path, stdinOf(data));
      const attempt = async (): Promise<void> => {
        await using source = await openOciArchiveForRead(place, context);
        await missing(source);
      };
      expect(await codeOf(attempt())).toBe('CORRUPT_ARCHIVE');
    }
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(4096)],
    ['noise', Buffer.alloc(4096, 'noise')],
    ['damaged gzip', gzipSync(Buffer.alloc(9000)).subarray(0, 20)],
    ['a header of 1 GiB', hugeHeader()],
  ])('%s is corrupt', async (_what, data) => {
    await using dir = await tempDir();
    await writeFile(dir.join('a.tar'), data);
    for (const place of [dir.join('a.tar'), '-']) {
      const context = placesIn(dir.path, stdinOf(data));
      const attempt = async (): Promise<void> => {
        await using source = await openOciArchiveForRead(place, context);
        await source.resolve(undefined);
      };
      expect(await codeOf(attempt())).toBe('CORRUPT_ARCHIVE');
    }
  });
});

it('a small archive of long names is corrupt before they fill the memory', () => {
  const table = new MemberTable('a.tar');
  const long = 'x'.repeat(200_000);
  const add = (count: number): void => {
    for (let i = 0; i < count; i += 1)
      table.add({ name: `${i}`, target: long, type: 'symlink', size: 0, offset: 0 });
  };
  expect(thrown(() => add(700))).toMatchObject({
    code: 'CORRUPT_ARCHIVE',
    message: expect.stringContaining('names in it exceed') as string,
  });
});

/** A PAX header that claims to be 1 GiB long. */
function hugeHeader(): Buffer {
  const header = Buffer.alloc(512);
  header.write('x', 0);
  header.write('07777777777\0', 124);
  header.write('x', 156);
  header.write('ustar\0', 257);
  return header;
}
