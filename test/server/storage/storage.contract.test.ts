import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { digestOf, type Algorithm, type Digest } from '../../../src/oci/digest.ts';
import { bytesOf, collect, type Bytes } from '../../../src/util/bytes.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import { createMemoryStorage } from '../../../src/server/storage/memory.ts';
import type { RepositoryName, Tag } from '../../../src/server/names.ts';
import type { Storage, StoredManifest } from '../../../src/server/storage/types.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'regctl-storage-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const STORAGES: Readonly<Record<string, () => Promise<Storage>>> = {
  memory: async () => createMemoryStorage(),
  disk: async () => createDiskStorage(join(await temporaryDirectory(), 'registry')),
};

const A = 'team/a' as RepositoryName;
const B = 'team/a/b' as RepositoryName;
const hello = Buffer.from('hello, registry');
const text = (value: string): Uint8Array => Buffer.from(value);

async function read(bytes: Bytes | undefined): Promise<string | undefined> {
  if (bytes === undefined) return undefined;
  return Buffer.from(await collect(bytes, 1 << 20, () => new Error('too long'))).toString();
}

async function store(
  storage: Storage,
  repository: RepositoryName,
  data: Uint8Array,
  algorithm: Algorithm = 'sha256',
): Promise<Digest> {
  const digest = digestOf(data, algorithm);
  const id = await storage.uploads.create(repository);
  await storage.uploads.append(repository, id, bytesOf(data));
  expect(await storage.uploads.finish(repository, id, digest)).toEqual({
    kind: 'stored',
    size: data.byteLength,
  });
  return digest;
}

function manifest(content: string): StoredManifest {
  const raw = text(content);
  return { digest: digestOf(raw), mediaType: 'application/x.test+json', raw };
}

describe.each(Object.entries(STORAGES))('%s storage', (_name, open) => {
  it('stores a blob from appended pieces and reads ranges of it', async () => {
    const storage = await open();
    const id = await storage.uploads.create(A);
    expect(await storage.uploads.append(A, id, bytesOf(hello.subarray(0, 5)), 0)).toEqual({
      kind: 'appended',
      offset: 5,
    });
    expect(await storage.uploads.append(A, id, bytesOf(hello.subarray(5)), 5)).toEqual({
      kind: 'appended',
      offset: 15,
    });
    const digest = digestOf(hello);
    expect(await storage.blobs.size(A, digest)).toBeUndefined();
    expect(await storage.uploads.finish(A, id, digest)).toEqual({ kind: 'stored', size: 15 });
    expect(await storage.blobs.size(A, digest)).toBe(15);
    expect(await read(await storage.blobs.read(A, digest))).toBe('hello, registry');
    expect(await read(await storage.blobs.read(A, digest, { first: 7, last: 9 }))).toBe('reg');
    expect(await storage.uploads.offset(A, id)).toBeUndefined();
  });

  it.each(['sha256', 'sha512'] as const)('stores an empty blob (%s)', async (algorithm) => {
    const storage = await open();
    const digest = await store(storage, A, new Uint8Array(), algorithm);
    expect(await storage.blobs.size(A, digest)).toBe(0);
    expect(await read(await storage.blobs.read(A, digest))).toBe('');
  });

  it('does not show content under a wrong digest, and ends the session', async () => {
    const storage = await open();
    const wrong = digestOf(text('something else'));
    const id = await storage.uploads.create(A);
    await storage.uploads.append(A, id, bytesOf(hello));
    expect(await storage.uploads.finish(A, id, wrong)).toEqual({ kind: 'mismatch' });
    expect(await storage.blobs.size(A, wrong)).toBeUndefined();
    expect(await storage.uploads.finish(A, id, wrong)).toEqual({ kind: 'unknown' });
    expect(await storage.repositories()).toEqual([]);
  });

  it('refuses a piece at another offset and keeps what it has', async () => {
    const storage = await open();
    const id = await storage.uploads.create(A);
    await storage.uploads.append(A, id, bytesOf(text('abc')));
    const outcome = await storage.uploads.append(A, id, bytesOf(text('x')), 2);
    expect(outcome).toEqual({ kind: 'out-of-order', offset: 3 });
    expect(await storage.uploads.offset(A, id)).toBe(3);
  });

  it('lets another go on where a source fell silent, or end what it does not end', async () => {
    const storage = await open();
    const id = await storage.uploads.create(A);
    const silent = (): { bytes: AsyncIterable<Uint8Array>; begun: Promise<void> } => {
      let begin = (): void => undefined;
      const begun = new Promise<void>((resolve) => (begin = resolve));
      async function* bytes(): AsyncIterable<Uint8Array> {
        yield text('abc');
        begin();
        await new Promise(() => undefined);
      }
      return { bytes: bytes(), begun };
    };
    const first = silent();
    const failureOf = (append: Promise<unknown>): Promise<unknown> =>
      append.catch((error: unknown) => error);
    const superseded = failureOf(storage.uploads.append(A, id, first.bytes));
    await first.begun;
    expect(await storage.uploads.append(A, id, bytesOf(text('def')), 3)).toEqual({
      kind: 'appended',
      offset: 6,
    });
    expect(await superseded).toMatchObject({ code: 'RANGE_INVALID' });

    const second = silent();
    const ended = failureOf(storage.uploads.append(A, id, second.bytes, 6));
    await second.begun;
    expect(await storage.uploads.cancel(A, id)).toBe(true);
    expect(await ended).toMatchObject({ code: 'RANGE_INVALID' });
    expect(await storage.uploads.offset(A, id)).toBeUndefined();
  });

  it('keeps what arrived before the source broke off', async () => {
    const storage = await open();
    const id = await storage.uploads.create(A);
    const broken = (async function* () {
      yield hello.subarray(0, 6);
      throw new Error('cable pulled');
    })();
    await expect(storage.uploads.append(A, id, broken)).rejects.toThrow('cable pulled');
    expect(await storage.uploads.offset(A, id)).toBe(6);
    await storage.uploads.append(A, id, bytesOf(hello.subarray(6)), 6);
    expect(await storage.uploads.finish(A, id, digestOf(hello))).toMatchObject({ kind: 'stored' });
  });

  it('lets writers of one session wait for each other', async () => {
    const storage = await open();
    const id = await storage.uploads.create(A);
    const slow = (async function* () {
      yield text('1');
      await new Promise((resolve) => setImmediate(resolve));
      yield text('2');
    })();
    const both = await Promise.all([
      storage.uploads.append(A, id, slow),
      storage.uploads.append(A, id, bytesOf(text('3'))),
    ]);
    expect(both.map((one) => one.kind === 'appended' && one.offset)).toEqual([2, 3]);
    const digest = digestOf(text('123'));
    expect(await storage.uploads.finish(A, id, digest)).toMatchObject({ kind: 'stored' });
  });

  it.each(['../../../etc/passwd', '', '00000000-0000-0000-0000-000000000000', '..'])(
    'does not know the session %j',
    async (id) => {
      const storage = await open();
      expect(await storage.uploads.offset(A, id)).toBeUndefined();
      expect(await storage.uploads.append(A, id, bytesOf(hello))).toEqual({ kind: 'unknown' });
      expect(await storage.uploads.finish(A, id, digestOf(hello))).toEqual({ kind: 'unknown' });
      expect(await storage.uploads.cancel(A, id)).toBe(false);
    },
  );

  it('ends sessions that nothing was added to, and no others', async () => {
    const storage = await open();
    const id = await storage.uploads.create(A);
    await storage.uploads.append(A, id, bytesOf(hello));
    const digest = await store(storage, B, hello);
    const hour = 3_600_000;
    expect(await storage.uploads.expire(new Date(Date.now() - hour))).toBe(0);
    expect(await storage.uploads.offset(A, id)).toBe(hello.byteLength);
    expect(await storage.uploads.expire(new Date(Date.now() + hour))).toBe(1);
    expect(await storage.uploads.offset(A, id)).toBeUndefined();
    expect(await storage.uploads.append(A, id, bytesOf(hello))).toEqual({ kind: 'unknown' });
    expect(await storage.blobs.size(B, digest)).toBe(hello.byteLength);
  });

  it('binds a session to its repository', async () => {
    const storage = await open();
    const id = await storage.uploads.create(A);
    expect(await storage.uploads.offset(B, id)).toBeUndefined();
    expect(await storage.uploads.append(B, id, bytesOf(hello))).toEqual({ kind: 'unknown' });
    expect(await storage.uploads.cancel(B, id)).toBe(false);
    expect(await storage.uploads.cancel(A, id)).toBe(true);
    expect(await storage.uploads.offset(A, id)).toBeUndefined();
  });

  it('links blobs per repository: mounted is readable, deleted here is kept there', async () => {
    const storage = await open();
    const digest = await store(storage, A, hello);
    expect(await storage.blobs.read(B, digest)).toBeUndefined();
    expect(await storage.blobs.mount(B, A, digest)).toBe(false);
    expect(await storage.blobs.mount(A, B, digest)).toBe(true);
    expect(await storage.blobs.mount(A, B, digest)).toBe(true);
    expect(await storage.blobs.remove(A, digest)).toBe(true);
    expect(await storage.blobs.remove(A, digest)).toBe(false);
    expect(await storage.blobs.size(A, digest)).toBeUndefined();
    expect(await read(await storage.blobs.read(B, digest))).toBe('hello, registry');
  });

  it('keeps manifests byte for byte, with tags that differ only in case', async () => {
    const storage = await open();
    const one = manifest('{"a":\n 1}\n');
    const two = manifest('{}');
    await storage.manifests.put(A, one, { tags: ['Latest', '_x.Y-z.'] as Tag[] });
    await storage.manifests.put(A, two, { tags: ['latest', 'A'.repeat(128)] as Tag[] });
    const found = await storage.manifests.get(A, one.digest);
    expect(Buffer.from(found?.raw ?? []).toString()).toBe('{"a":\n 1}\n');
    expect(found?.mediaType).toBe(one.mediaType);
    expect(await storage.manifests.resolve(A, 'Latest' as Tag)).toBe(one.digest);
    expect(await storage.manifests.resolve(A, 'latest' as Tag)).toBe(two.digest);
    expect(await storage.manifests.tags(A)).toEqual([
      'A'.repeat(128),
      'Latest',
      '_x.Y-z.',
      'latest',
    ]);
    expect(await storage.manifests.has(B, one.digest)).toBe(false);
  });

  it('removes a manifest with all its tags, and a tag alone', async () => {
    const storage = await open();
    const one = manifest('1');
    const two = manifest('2');
    await storage.manifests.put(A, one, { tags: ['a', 'b', 'c'] as Tag[] });
    await storage.manifests.put(A, two, { tags: ['b', 'd'] as Tag[] });
    expect(await storage.manifests.untag(A, 'c' as Tag)).toBe(true);
    expect(await storage.manifests.untag(A, 'c' as Tag)).toBe(false);
    expect(await storage.manifests.has(A, one.digest)).toBe(true);
    expect(await storage.manifests.remove(A, one.digest)).toBe(true);
    expect(await storage.manifests.remove(A, one.digest)).toBe(false);
    expect(await storage.manifests.tags(A)).toEqual(['b', 'd']);
    expect(await storage.manifests.get(A, one.digest)).toBeUndefined();
  });

  it('lists referrers of a subject until they are removed', async () => {
    const storage = await open();
    const subject = digestOf(text('subject'), 'sha512');
    const [one, two] = [manifest('one'), manifest('two')];
    for (const entry of [one, two, two]) {
      await storage.manifests.put(A, entry, { subject, tags: [] });
    }
    expect(await storage.manifests.referrers(A, subject)).toEqual([one.digest, two.digest].sort());
    expect(await storage.manifests.referrers(B, subject)).toEqual([]);
    await storage.manifests.remove(A, one.digest);
    await storage.manifests.remove(A, two.digest);
    expect(await storage.manifests.referrers(A, subject)).toEqual([]);
  });

  it('knows repositories that hold something, nested ones too', async () => {
    const storage = await open();
    await storage.uploads.create('only/upload' as RepositoryName);
    expect(await storage.repositories()).toEqual([]);
    await store(storage, B, hello);
    await storage.manifests.put('zeta' as RepositoryName, manifest('z'), { tags: [] });
    expect(await storage.repositories()).toEqual([B, 'zeta']);
    expect(await storage.hasRepository(A)).toBe(false);
    expect(await storage.hasRepository(B)).toBe(true);
    expect(await storage.hasRepository('only/upload' as RepositoryName)).toBe(false);
  });

  it('forgets a repository of which everything was removed', async () => {
    const storage = await open();
    const digest = await store(storage, B, hello);
    const one = manifest('m');
    const subject = digestOf(text('s'));
    await storage.manifests.put(B, one, { subject, tags: ['v1' as Tag] });
    await storage.manifests.remove(B, one.digest);
    expect(await storage.repositories()).toEqual([B]);
    await storage.blobs.remove(B, digest);
    expect(await storage.repositories()).toEqual([]);
    expect(await storage.hasRepository(B)).toBe(false);
    await store(storage, B, hello);
    expect(await storage.repositories()).toEqual([B]);
  });

  it('lists and verifies the blobs of a repository', async () => {
    const storage = await open();
    const digests = [await store(storage, A, hello), await store(storage, A, text('2'), 'sha512')];
    expect(await storage.blobs.list(A)).toEqual([...digests].sort());
    expect(await storage.blobs.list(B)).toEqual([]);
    expect(await storage.blobs.verify(A, digestOf(hello))).toBe('intact');
    expect(await storage.blobs.verify(B, digestOf(hello))).toBe('absent');
  });
});

describe('disk storage', () => {
  it('survives a restart, open uploads included', async () => {
    const directory = await temporaryDirectory();
    const before = createDiskStorage(directory);
    const digest = await store(before, A, hello);
    const one = manifest('m');
    const subject = digestOf(text('s'));
    await before.manifests.put(A, one, { subject, tags: ['v1' as Tag] });
    const id = await before.uploads.create(A);
    await before.uploads.append(A, id, bytesOf(text('12')));

    const after = createDiskStorage(directory);
    expect(await read(await after.blobs.read(A, digest))).toBe('hello, registry');
    expect(await after.manifests.resolve(A, 'v1' as Tag)).toBe(one.digest);
    expect(await after.manifests.referrers(A, subject)).toEqual([one.digest]);
    expect(await after.uploads.append(A, id, bytesOf(text('3')), 2)).toMatchObject({ offset: 3 });
    const whole = digestOf(text('123'));
    expect(await after.uploads.finish(A, id, whole)).toEqual({ kind: 'stored', size: 3 });
    expect(await after.manifests.remove(A, one.digest)).toBe(true);
    expect(await after.manifests.referrers(A, subject)).toEqual([]);
  });

  it('leaves no temporary files behind', async () => {
    const directory = await temporaryDirectory();
    const storage = createDiskStorage(directory);
    await store(storage, A, hello);
    await storage.manifests.put(A, manifest('m'), { tags: ['t' as Tag] });
    const id = await storage.uploads.create(A);
    await storage.uploads.append(A, id, bytesOf(hello));
    await storage.uploads.finish(A, id, digestOf(text('no')));
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    expect(files).toHaveLength(4);
    expect(files.filter((file) => file.endsWith('.tmp'))).toEqual([]);
  });
});
