import { execFile } from 'node:child_process';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { digestOf, hexOf } from '../../../src/oci/digest.ts';
import { fetchAll, sourceFromBytes } from '../../../src/store/verify.ts';
import { withDiskErrors } from '../../../src/transports/files/disk.ts';
import { openLayoutForRead, openLayoutForWrite } from '../../../src/transports/oci-layout/store.ts';
import { blob, image, index, store } from '../../helpers/graphs.ts';

let root: string;
let folder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'regctl-layout-'));
  folder = join(root, 'out');
});
afterEach(() => rm(root, { recursive: true }));

const layer = blob('layer');
const one = image({ layers: [layer] });
const two = image({ layers: [blob('second')] });
const REF_NAME = 'org.opencontainers.image.ref.name';

const blobPath = (digest: typeof layer.descriptor.digest): string =>
  join(folder, 'blobs/sha256', hexOf(digest));

const write = async (what = one, tag: string | undefined = 'v1'): Promise<void> => {
  await using layout = await openLayoutForWrite(folder);
  await store(layout, what, tag);
};

interface IndexJson {
  manifests: { digest: string; annotations?: Record<string, string> }[];
  annotations?: Record<string, string>;
}

const readIndex = async (): Promise<IndexJson> =>
  JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as IndexJson;

const writeIndex = (value: unknown): Promise<void> =>
  writeFile(join(folder, 'index.json'), typeof value === 'string' ? value : JSON.stringify(value));

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );

it('sees what another process wrote to index.json since it was read', async () => {
  await write();
  await using layout = await openLayoutForRead(folder);
  expect((await layout.resolve('v1')).digest).toBe(one.descriptor.digest);
  await write(two, 'v1');
  expect((await layout.resolve('v1')).digest).toBe(two.descriptor.digest);
  await writeIndex((await readFile(join(folder, 'index.json'), 'utf8')).replace('"v1"', '"v2"'));
  expect((await layout.resolve('v2')).digest).toBe(two.descriptor.digest);
});

describe('writing', () => {
  it('makes what image-layout.md describes', async () => {
    await write();
    expect(JSON.parse(await readFile(join(folder, 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    expect(await readIndex()).toMatchObject({
      schemaVersion: 2,
      manifests: [{ digest: one.descriptor.digest, annotations: { [REF_NAME]: 'v1' } }],
    });
    expect((await readdir(folder)).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout']);
    expect(await readdir(join(folder, 'blobs/sha256'))).toHaveLength(3);
  });

  it('is a layout when it holds blobs only', async () => {
    const bytes = Buffer.from('hello');
    const digest = digestOf(bytes);
    const descriptor = { mediaType: 'application/octet-stream', digest, size: bytes.length };
    await using layout = await openLayoutForWrite(folder);
    await layout.push(sourceFromBytes(descriptor, bytes));
    await layout.commit();
    await using read = await openLayoutForRead(folder);
    expect(await read.has(descriptor)).toBe(true);
  });

  it('lists nothing and leaves no temporary file without a commit', async () => {
    const controller = new AbortController();
    const layout = await openLayoutForWrite(folder);
    await layout.push(sourceFromBytes(one.descriptor, one.data), { tag: 'v1' });
    const large = blob(Buffer.alloc(100_000, 'x'));
    const reason = new Error('stop');
    const source = {
      descriptor: large.descriptor,
      open: async () =>
        (async function* () {
          yield large.data.subarray(0, 10);
          controller.abort(reason);
          yield large.data.subarray(10);
        })(),
    };
    expect(await failure(layout.push(source, { signal: controller.signal }))).toBe(reason);
    await layout[Symbol.asyncDispose]();
    expect(await readdir(folder)).toEqual(['blobs']);
    expect(await readdir(join(folder, 'blobs/sha256'))).toEqual([hexOf(one.descriptor.digest)]);
  });

  it('lists an untagged root, but not the children of an index', async () => {
    const both = index([one, two]);
    await write(both, undefined);
    expect((await readIndex()).manifests.map((entry) => entry.digest)).toEqual([
      both.descriptor.digest,
    ]);
  });

  it('keeps entries and members that it does not know', async () => {
    await write();
    const before = await readIndex();
    const strange = { ...before.manifests[0], annotations: { [REF_NAME]: 'old' }, 'x-more': [1] };
    await writeIndex({ ...before, annotations: { a: 'b' }, manifests: [strange] });
    await write(two, 'new');
    const after = await readIndex();
    expect(after.annotations).toEqual({ a: 'b' });
    expect(after.manifests).toMatchObject([strange, { digest: two.descriptor.digest }]);
  });

  it('loses no tag of parallel writers', async () => {
    const tags = Array.from({ length: 12 }, (_, i) => `t${i}`);
    await Promise.all(
      tags.map((tag) => write(image({ layers: [layer], annotations: { tag } }), tag)),
    );
    const { manifests } = await readIndex();
    expect(manifests.map((entry) => entry.annotations?.[REF_NAME] ?? '').toSorted()).toEqual(
      tags.toSorted(),
    );
    expect((await readdir(folder)).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it('puts a dead writer’s lock aside', async () => {
    await mkdir(folder);
    await writeFile(join(folder, '.regctl.lock'), 'dead');
    await using layout = await openLayoutForWrite(folder, { staleMs: 1 });
    await store(layout, one, 'v1');
    expect((await readdir(folder)).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it('mends a blob that was cut short', async () => {
    await write();
    await truncate(blobPath(layer.descriptor.digest), 2);
    await using layout = await openLayoutForWrite(folder);
    expect(await layout.push(sourceFromBytes(layer.descriptor, layer.data))).toBe('written');
    expect(await fetchAll(layout, layer.descriptor)).toHaveLength(layer.data.byteLength);
  });

  it('does not overwrite a damaged index.json', async () => {
    await write();
    await writeIndex('{"schemaVersion":2,"manif');
    expect(await failure(write(two, 'v2'))).toMatchObject({ code: 'CORRUPT_LAYOUT' });
    expect(await readFile(join(folder, 'index.json'), 'utf8')).toBe('{"schemaVersion":2,"manif');
  });

  it('names the path when the disk is full, or when it may not write', async () => {
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
    const denied = Object.assign(new Error('denied'), { code: 'EACCES' });
    const fail = (error: Error): Promise<unknown> =>
      failure(
        withDiskErrors('/out/blobs', async () => {
          throw error;
        }),
      );
    expect(await fail(full)).toMatchObject({
      code: 'NO_SPACE',
      message: expect.stringContaining('/out/blobs') as string,
    });
    expect(await fail(denied)).toMatchObject({ code: 'IO' });
  });
});

describe('reading', () => {
  it('names the tags when none was asked for and none is latest', async () => {
    await write(one, 'v1');
    await write(two, 'v2');
    await using layout = await openLayoutForRead(folder);
    expect(await failure(layout.resolve(undefined))).toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      hint: expect.stringContaining('v1, v2') as string,
    });
  });

  it('says that there is no folder, or no layout in it', async () => {
    expect(await failure(openLayoutForRead(folder))).toMatchObject({ code: 'PATH_UNKNOWN' });
    await mkdir(folder);
    expect(await failure(openLayoutForRead(folder))).toMatchObject({ code: 'CORRUPT_LAYOUT' });
  });

  it.each([
    ['cut short', '{"schemaVersion":2,"manif'],
    ['no JSON object', '[]'],
    ['no list', '{"schemaVersion":2}'],
    ['a repeated key', '{"schemaVersion":2,"manifests":[],"manifests":[]}'],
    ['a traversing digest', { schemaVersion: 2, manifests: [{ digest: 'sha256:../../x' }] }],
    ['a negative size', { schemaVersion: 2, manifests: [{ ...layer.descriptor, size: -1 }] }],
  ])('refuses an index.json with %s, naming it', async (_what, content) => {
    await write();
    await writeIndex(content);
    const error = await failure(openLayoutForRead(folder));
    expect(error).toMatchObject({
      code: 'CORRUPT_LAYOUT',
      exitStatus: 5,
      message: expect.stringContaining(join(folder, 'index.json')) as string,
    });
  });

  it('follows no link in the place of a blob', async () => {
    await write();
    const path = blobPath(layer.descriptor.digest);
    await rename(path, join(root, 'secret'));
    await symlink(join(root, 'secret'), path);
    await using layout = await openLayoutForRead(folder);
    expect(await layout.has(layer.descriptor)).toBe(false);
    expect(await failure(fetchAll(layout, layer.descriptor))).toMatchObject({
      code: 'CORRUPT_LAYOUT',
      message: expect.stringContaining(path) as string,
    });
  });

  it('does not hang on a pipe in the place of a blob', async () => {
    await write();
    const path = blobPath(layer.descriptor.digest);
    await rm(path);
    await promisify(execFile)('mkfifo', [path]);
    await using layout = await openLayoutForRead(folder);
    expect(await failure(fetchAll(layout, layer.descriptor))).toMatchObject({
      code: 'CORRUPT_LAYOUT',
    });
  });

  it('refuses index.json when it is a link', async () => {
    await write();
    await rename(join(folder, 'index.json'), join(root, 'elsewhere'));
    await symlink(join(root, 'elsewhere'), join(folder, 'index.json'));
    expect(await failure(openLayoutForRead(folder))).toMatchObject({ code: 'CORRUPT_LAYOUT' });
  });

  it('checks the size before it yields a byte, and the digest before it ends', async () => {
    await write();
    const path = blobPath(layer.descriptor.digest);
    await using layout = await openLayoutForRead(folder);
    await writeFile(path, 'layer, and more');
    expect(await failure(layout.fetch(layer.descriptor))).toMatchObject({ code: 'SIZE_MISMATCH' });
    await writeFile(path, 'lAyer');
    expect(await failure(fetchAll(layout, layer.descriptor))).toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('refuses a tag with two digests', async () => {
    await write(one, 'v1');
    const before = await readIndex();
    const again = { ...two.descriptor, annotations: { [REF_NAME]: 'v1' } };
    await writeIndex({ ...before, manifests: [...before.manifests, again] });
    await using layout = await openLayoutForRead(folder);
    const error = await failure(layout.resolve('v1'));
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'CORRUPT_LAYOUT' });
  });

  it('lists referrers of the fallback tag', async () => {
    await write(one, 'v1');
    const signature = image({ subject: one.descriptor });
    await write(index([signature]), `sha256-${hexOf(one.descriptor.digest)}`);
    await using layout = await openLayoutForRead(folder);
    const found: string[] = [];
    for await (const referrer of layout.capabilities.referrers?.referrers(one.descriptor.digest) ??
      [])
      found.push(referrer.digest);
    expect(found).toEqual([signature.descriptor.digest]);
  });
});

it.each([openLayoutForRead, openLayoutForWrite])(
  'names an archive in its place: %o',
  async (open) => {
    await writeFile(folder, 'a file');
    await expect(open(folder)).rejects.toMatchObject({
      code: 'CORRUPT_LAYOUT',
      message: `${folder} is a file, not an OCI layout directory`,
      hint: `For an archive, write oci-archive:${folder} or docker-archive:${folder}`,
    });
  },
);
