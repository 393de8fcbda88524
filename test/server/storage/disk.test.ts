import {
  cp,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, hexOf, type Digest } from '../../../src/oci/digest.ts';
import { checkStorage } from '../../../src/server/check.ts';
import type { RepositoryName, Tag } from '../../../src/server/names.ts';
import type { RegistryServer, RegistryServerOptions } from '../../../src/server/server.ts';
import { adoptAll } from '../../../src/server/storage/adopt.ts';
import { claimDirectory } from '../../../src/server/storage/claim.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import { diskPaths } from '../../../src/server/storage/disk-paths.ts';
import type { Storage } from '../../../src/server/storage/types.ts';
import { bytesOf, collect, type Bytes } from '../../../src/util/bytes.ts';
import { tempDir } from '../../helpers/temp.ts';
import { imageManifest, startServer, type Send } from '../client.ts';

const A = 'team/a' as RepositoryName;
const B = 'team/b' as RepositoryName;
const C = 'c' as RepositoryName;
const data = Buffer.from('hello, registry');
const digest = digestOf(data);

let dir: Awaited<ReturnType<typeof tempDir>>;
beforeEach(async () => {
  dir = await tempDir();
});
const servers: RegistryServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await dir[Symbol.asyncDispose]();
});

async function serve(options: Partial<RegistryServerOptions>): Promise<Send> {
  const { server, send } = await startServer(options);
  servers.push(server);
  return send;
}

async function push(storage: Storage, name: RepositoryName, content = data): Promise<Digest> {
  const id = await storage.uploads.create(name);
  await storage.uploads.append(name, id, bytesOf(content));
  await storage.uploads.finish(name, id, digestOf(content));
  return digestOf(content);
}

async function read(bytes: Bytes | undefined): Promise<string | undefined> {
  if (bytes === undefined) return undefined;
  return Buffer.from(await collect(bytes, 1 << 30, () => new Error('too long'))).toString();
}

async function files(): Promise<readonly string[]> {
  const entries = await readdir(dir.path, { recursive: true, withFileTypes: true });
  return entries.filter((one) => one.isFile()).map((one) => `${one.parentPath}/${one.name}`);
}

async function folders(): Promise<readonly string[]> {
  const entries = await readdir(dir.join('repositories'), { recursive: true });
  return entries;
}

/** Changes one byte in place, as a failing disk does. */
async function damage(path: string): Promise<void> {
  const before = (await stat(path, { bigint: true })).ctimeNs;
  const file = await open(path, 'r+');
  // Clocks of file systems tick every few milliseconds.
  do await file.write(Buffer.from('X'), 0, 1, 0);
  while ((await file.stat({ bigint: true })).ctimeNs === before);
  await file.close();
}

/** What layout 1 left: content in each repository, hard links where it was mounted. */
async function layout1(): Promise<string[]> {
  const paths = diskPaths(dir.path);
  const places = [A, B, C].map((name) => paths.content(name, '_blobs', digest));
  for (const place of places) await mkdir(dirname(place), { recursive: true });
  const [first = '', second = '', third = ''] = places;
  await writeFile(first, data);
  await link(first, second);
  await writeFile(third, data);
  return places;
}

describe('one copy of a blob', () => {
  it('is kept however many repositories push or mount it, until the last one lets go', async () => {
    const storage = createDiskStorage(dir.path);
    await push(storage, A);
    await push(storage, B);
    expect(await storage.blobs.mount(A, C, digest)).toBe(true);
    const sizes = await Promise.all((await files()).map(async (file) => (await stat(file)).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(data.byteLength);
    for (const name of [A, B]) {
      expect(await storage.blobs.remove(name, digest)).toBe(true);
      expect(await read(await storage.blobs.read(C, digest))).toBe('hello, registry');
      expect(await storage.blobs.size(name, digest)).toBeUndefined();
    }
    expect(await storage.blobs.remove(C, digest)).toBe(true);
    expect(await files()).toEqual([]);
  });

  it('stays whole while many push, mount and remove it at once', async () => {
    const storage = createDiskStorage(dir.path);
    const names = Array.from({ length: 8 }, (_, i) => `race/r${i}` as RepositoryName);
    await Promise.all(
      names.map(async (name, i) => {
        for (let round = 0; round < 5; round += 1) {
          await push(storage, name);
          await storage.blobs.mount(name, names[(i + 1) % 8] ?? name, digest);
          if (round < 4) await storage.blobs.remove(name, digest);
        }
      }),
    );
    for (const name of names) expect(await storage.blobs.verify(name, digest)).not.toBe('damaged');
    for (const name of names) await storage.blobs.remove(name, digest);
    expect(await files()).toEqual([]);
    expect(await folders()).toEqual([]);
  });
});

describe('layout 1', () => {
  it('is read, linked to and removed from where it is', async () => {
    await layout1();
    const storage = createDiskStorage(dir.path);
    expect(await storage.blobs.list(A)).toEqual([digest]);
    expect(await read(await storage.blobs.read(A, digest))).toBe('hello, registry');
    expect(await storage.blobs.mount(B, 'd' as RepositoryName, digest)).toBe(true);
    for (const name of [A, B, C, 'd' as RepositoryName]) {
      expect(await storage.blobs.verify(name, digest)).toBe('intact');
      expect(await storage.blobs.remove(name, digest)).toBe(true);
      expect(await storage.blobs.size(name, digest)).toBeUndefined();
    }
    expect(await files()).toEqual([]);
  });

  it('becomes one copy when the directory is claimed', async () => {
    const places = await layout1();
    const claim = await claimDirectory(dir.path);
    await claim.release();
    const storage = createDiskStorage(dir.path);
    for (const name of [A, B, C]) expect(await storage.blobs.verify(name, digest)).toBe('intact');
    const kept = (await files()).filter((file) => file.endsWith(`/${hexOf(digest)}`));
    const sizes = await Promise.all(kept.map(async (file) => (await stat(file)).size));
    expect(sizes.filter((size) => size > 0)).toEqual([data.byteLength]);
    for (const place of places) expect(kept).not.toContain(place);
  });

  it('keeps a good copy where another repository has a damaged one', async () => {
    const [first = '', , third = ''] = await layout1();
    await damage(first);
    expect(await readFile(third, 'utf8')).toBe('hello, registry');
    await adoptAll(diskPaths(dir.path), [A, B, C]);
    const storage = createDiskStorage(dir.path);
    for (const name of [A, B, C]) expect(await storage.blobs.verify(name, digest)).toBe('intact');
  });

  it('is readable at whatever point the move was killed', async () => {
    const [first = ''] = await layout1();
    const paths = diskPaths(dir.path);
    // The link is there, the content has not moved.
    const linked = paths.content(A, '_links', digest);
    await mkdir(dirname(linked), { recursive: true });
    await writeFile(linked, '');
    expect(await createDiskStorage(dir.path).blobs.verify(A, digest)).toBe('intact');
    // The content has moved, the folder is still there.
    await mkdir(dirname(paths.blob(digest)), { recursive: true });
    await rename(first, paths.blob(digest));
    expect(await createDiskStorage(dir.path).blobs.verify(A, digest)).toBe('intact');
    await adoptAll(paths, [A, B, C]);
    expect(await createDiskStorage(dir.path).blobs.verify(C, digest)).toBe('intact');
  });
});

describe('a blob damaged on disk', () => {
  it.each(['before', 'after a restart'])(
    'is never sent as 200 (%s), and healed by the next push',
    async (when) => {
      let storage = createDiskStorage(dir.path);
      await push(storage, A);
      await push(storage, B);
      await damage(diskPaths(dir.path).blob(digest));
      if (when !== 'before') storage = createDiskStorage(dir.path);
      const failures: unknown[] = [];
      const send = await serve({
        storage,
        onRequest: ({ failure }) => failure !== undefined && failures.push(failure),
      });
      const path = `/v2/${A}/blobs/${digest}`;
      const answer = await send('GET', path);
      expect([answer.status, answer.body.toString()]).toEqual([
        500,
        expect.stringContaining('damaged'),
      ]);
      expect((await send('GET', path, { headers: { range: 'bytes=3-4' } })).status).toBe(500);
      expect(failures.map(String)).toEqual(Array(2).fill(expect.stringContaining(digest)));
      expect((await send('HEAD', path)).status).toBe(404);
      const mount = await send('POST', `/v2/${C}/blobs/uploads/?mount=${digest}&from=${A}`);
      expect(mount.status).toBe(202);
      const layers = [{ mediaType: 'application/x', digest, size: data.byteLength }];
      const image = imageManifest(data, { layers });
      const put = await send('PUT', `/v2/${A}/manifests/v1`, {
        headers: { 'content-type': image.mediaType },
        body: image.raw,
      });
      expect(put.status).toBe(400);
      const again = `/v2/${B}/blobs/uploads/?digest=${digest}`;
      expect((await send('POST', again, { body: data })).status).toBe(201);
      expect((await send('GET', path)).body.toString()).toBe('hello, registry');
    },
  );

  it('of more than 64 MiB is cut before its end, or refused at once when a part is asked for', async () => {
    const large = Buffer.alloc(65 * 1024 * 1024, 'x');
    await push(createDiskStorage(dir.path), A, large);
    const name = digestOf(large);
    const whole = createDiskStorage(dir.path);
    let length = 0;
    for await (const chunk of (await whole.blobs.read(A, name)) ?? []) length += chunk.byteLength;
    expect(length).toBe(large.byteLength);
    await damage(diskPaths(dir.path).blob(name));
    const storage = createDiskStorage(dir.path);
    await expect(
      createDiskStorage(dir.path).blobs.read(A, name, { first: 5, last: 6 }),
    ).rejects.toThrow('damaged');
    const send = await serve({ storage });
    await expect(send('GET', `/v2/${A}/blobs/${name}`)).rejects.toThrow(/aborted|hang up|RESET/u);
    expect((await send('GET', `/v2/${A}/blobs/${name}`)).status).toBe(500);
  });

  it('counts as damaged when its content is gone', async () => {
    const storage = createDiskStorage(dir.path);
    await push(storage, A);
    await rename(diskPaths(dir.path).blob(digest), dir.join('lost'));
    expect(await storage.blobs.verify(A, digest)).toBe('damaged');
    expect(await storage.blobs.size(A, digest)).toBeUndefined();
  });

  it.each([
    ['its bytes', (raw: string) => raw.replace('"layers"', '"LAYERS"')],
    ['its head', (raw: string) => raw.replace('{', '<')],
    ['its end', (raw: string) => raw.slice(0, -3)],
    ['everything', () => ''],
  ])('a manifest too (%s): healed by a push, removable', async (_what, change) => {
    const storage = createDiskStorage(dir.path);
    await push(storage, A, Buffer.from('{}'));
    const image = imageManifest(Buffer.from('{}'));
    await storage.manifests.put(A, image, { tags: ['v1' as Tag] });
    const file = diskPaths(dir.path).content(A, '_manifests', image.digest);
    await writeFile(file, change(await readFile(file, 'utf8')));
    const send = await serve({ storage });
    const path = `/v2/${A}/manifests/v1`;
    expect((await send('GET', path)).status).toBe(500);
    expect((await send('HEAD', path)).status).toBe(404);
    expect((await checkStorage(storage)).problems).toMatchObject([{ kind: 'damaged manifest' }]);
    const headers = { 'content-type': image.mediaType };
    expect((await send('PUT', path, { headers, body: image.raw })).status).toBe(201);
    expect((await send('GET', path)).body.equals(image.raw)).toBe(true);
    await writeFile(file, '');
    expect((await send('DELETE', `/v2/${A}/manifests/${image.digest}`)).status).toBe(202);
    expect(await storage.manifests.tags(A)).toEqual([]);
  });
});

describe('the check of a directory', () => {
  async function filled(): Promise<Storage> {
    const storage = createDiskStorage(dir.path);
    await push(storage, A);
    await push(storage, B);
    const layers = [{ mediaType: 'application/x', digest, size: data.byteLength }];
    await push(storage, A, Buffer.from('{}'));
    await storage.manifests.put(A, imageManifest(Buffer.from('{}'), { layers }), {
      tags: ['v1' as Tag],
    });
    return createDiskStorage(dir.path);
  }

  it('finds nothing where nothing is wrong', async () => {
    expect(await checkStorage(await filled())).toEqual({
      repositories: 2,
      blobs: 2,
      manifests: 1,
      problems: [],
    });
  });

  it('names each repository of a damaged blob, what is missing, and who names it', async () => {
    const storage = await filled();
    await damage(diskPaths(dir.path).blob(digest));
    await storage.blobs.remove(A, digestOf(Buffer.from('{}')));
    const dangling = digestOf(Buffer.from('gone'));
    await writeFile(diskPaths(dir.path).tag(A, 'v2' as Tag), dangling);
    const { problems } = await checkStorage(createDiskStorage(dir.path));
    expect(problems).toEqual([
      { kind: 'damaged blob', repository: A, digest },
      {
        kind: 'missing blob',
        repository: A,
        digest: digestOf(Buffer.from('{}')),
        namedBy: expect.stringContaining('sha256:') as string,
      },
      { kind: 'missing manifest', repository: A, digest: dangling, namedBy: 'v2' },
      { kind: 'damaged blob', repository: B, digest },
    ]);
  });
});

describe('what was deleted', () => {
  it('leaves no empty folders', async () => {
    const storage = createDiskStorage(dir.path);
    await push(storage, A);
    const image = imageManifest(data);
    const subject = digestOf(Buffer.from('subject'));
    await storage.manifests.put(A, image, { subject, tags: ['v1' as Tag] });
    const id = await storage.uploads.create(A);
    await storage.uploads.cancel(A, id);
    await storage.manifests.remove(A, image.digest);
    await storage.blobs.remove(A, digest);
    expect(await folders()).toEqual([]);
  });

  it('and no abandoned uploads, of repositories without content too, after a restart', async () => {
    const before = createDiskStorage(dir.path);
    const [old, young] = [await before.uploads.create(A), await before.uploads.create(B)];
    const day = 86_400_000;
    const yesterday = new Date(Date.now() - day);
    await utimes(diskPaths(dir.path).upload(A, old), yesterday, yesterday);
    const storage = createDiskStorage(dir.path);
    expect(await storage.uploads.expire(new Date(Date.now() - day / 2))).toBe(1);
    expect(await storage.uploads.offset(A, old)).toBeUndefined();
    expect(await storage.uploads.offset(B, young)).toBe(0);
    expect(await storage.uploads.cancel(B, young)).toBe(true);
    expect(await folders()).toEqual([]);
  });

  it('does not trouble those who push to the same repository', async () => {
    const storage = createDiskStorage(dir.path);
    const contents = Array.from({ length: 20 }, (_, i) => Buffer.from(`content ${i}`));
    const removed = contents.map(async (content, i) => {
      await push(storage, A, content);
      const image = imageManifest(content);
      await storage.manifests.put(A, image, { tags: [`t${i}` as Tag] });
      await storage.manifests.untag(A, `t${i}` as Tag);
      await storage.manifests.remove(A, image.digest);
      await storage.blobs.remove(A, digestOf(content));
    });
    await Promise.all(removed);
    expect(await folders()).toEqual([]);
  });
});

it('a copy of the directory is the same registry', async () => {
  const storage = createDiskStorage(dir.join('one'));
  await push(storage, A);
  await storage.blobs.mount(A, B, digest);
  await cp(dir.join('one'), dir.join('two'), { recursive: true });
  const copied = createDiskStorage(dir.join('two'));
  expect(await copied.repositories()).toEqual([A, B]);
  expect(await copied.blobs.verify(B, digest)).toBe('intact');
});
