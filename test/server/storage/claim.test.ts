import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { digestOf, hexOf } from '../../../src/oci/digest.ts';
import type { RepositoryName } from '../../../src/server/names.ts';
import { claimDirectory, inspectDirectory } from '../../../src/server/storage/claim.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import { createTemporaries, type Temporaries } from '../../../src/util/temporaries.ts';
import { tempDir } from '../../helpers/temp.ts';
import { eventually } from '../../helpers/until.ts';

/** Where `live-…` run, `far-…` cannot be seen and all others are gone. */
function of(self: string): Temporaries {
  const isRunning = async (name: string): Promise<boolean | undefined> =>
    name.startsWith('far-') ? undefined : name.startsWith('live-');
  return createTemporaries({ processes: { self, isRunning }, now: () => 0 });
}

const LOCK = 'regctl-registry.lock';

describe('a claimed directory', () => {
  it('has a format marker, and a lock until it is released', async () => {
    await using dir = await tempDir();
    const claim = await claimDirectory(dir.join('a/b'), { temporaries: of('live-1') });
    expect((await readdir(dir.join('a/b'))).sort()).toEqual(['regctl-registry.json', LOCK]);
    const marker: unknown = JSON.parse(
      await readFile(dir.join('a/b/regctl-registry.json'), 'utf8'),
    );
    expect(marker).toEqual({ kind: 'regctl-registry', layout: 2 });
    await claim.release();
    expect(await readdir(dir.join('a/b'))).toEqual(['regctl-registry.json']);
  });

  it.each(['live-1', 'live-2'])('is not shared with a second server (%s)', async (self) => {
    await using dir = await tempDir();
    await using claim = await claimDirectory(dir.path, { temporaries: of('live-1') });
    expect(claim).toBeDefined();
    await expect(claimDirectory(dir.path, { temporaries: of(self) })).rejects.toMatchObject({
      code: 'IO',
      message: `cannot use ${dir.path}: another regctl serve uses it`,
    });
  });

  it('is taken over from a server that was killed', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join(LOCK), of('dead-1').holder());
    await using claim = await claimDirectory(dir.path, { temporaries: of('live-2') });
    expect(claim).toBeDefined();
    expect(await readFile(dir.join(LOCK), 'utf8')).toMatch(/^live-2 /u);
  });

  it('is not taken from a server that cannot be seen and gives signs of life', async () => {
    await using dir = await tempDir();
    await using claim = await claimDirectory(dir.path, { temporaries: of('far-1'), beatMs: 5 });
    expect(claim).toBeDefined();
    await expect(
      claimDirectory(dir.path, { temporaries: of('live-2'), staleMs: 600_000 }),
    ).rejects.toThrow('another regctl serve uses it');
  });

  it('is taken from one that gives none, which then says that it lost it', async () => {
    await using dir = await tempDir();
    const onLost = vi.fn<() => void>();
    await writeFile(dir.join(LOCK), of('far-1').holder());
    const options = { temporaries: of('live-2'), staleMs: 1, beatMs: 5, onLost };
    const claim = await claimDirectory(dir.path, options);
    const other = of('live-3').holder();
    await eventually(async () => {
      // A sign of life may be on its way at this very moment.
      await writeFile(dir.join(LOCK), other);
      expect(onLost).toHaveBeenCalledOnce();
    });
    await claim.release();
    expect(await readFile(dir.join(LOCK), 'utf8')).toBe(other);
  });
});

it('directories of names that Windows reserves keep their content when layout 1 is brought up', async () => {
  await using dir = await tempDir();
  const name = 'team/aux/con.v1' as RepositoryName;
  const data = Buffer.from('content');
  const digest = digestOf(data);
  const blobs = dir.join('repositories/team/aux/con.v1/_blobs/sha256');
  await mkdir(blobs, { recursive: true });
  await writeFile(join(blobs, hexOf(digest)), data);
  await using claim = await claimDirectory(dir.path);
  expect(claim).toBeDefined();
  const storage = createDiskStorage(dir.path);
  expect(await storage.repositories()).toEqual([name]);
  expect(await storage.blobs.size(name, digest)).toBe(data.byteLength);
  expect(await readdir(dir.join('repositories/team'))).toEqual(['~aux']);
});

describe('a directory is refused', () => {
  it('that has the layout of a newer version, or a damaged marker', async () => {
    await using dir = await tempDir();
    const marker = dir.join('regctl-registry.json');
    await writeFile(marker, '{"kind":"regctl-registry","layout":3}');
    const newer = { code: 'UNSUPPORTED', message: expect.stringContaining('layout 3') as string };
    await expect(claimDirectory(dir.path)).rejects.toMatchObject(newer);
    await expect(inspectDirectory(dir.path)).rejects.toMatchObject(newer);
    for (const text of ['', '{', '[]', '{"kind":"other","layout":2}']) {
      await writeFile(marker, text);
      await expect(claimDirectory(dir.path)).rejects.toMatchObject({ code: 'CORRUPT_LAYOUT' });
    }
    expect(await readdir(dir.path)).toEqual(['regctl-registry.json']);
  });

  it('that is a file, or lies below one', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('file'), '');
    await expect(claimDirectory(dir.join('file'))).rejects.toThrow('it is not a directory');
    await expect(claimDirectory(dir.join('file/below'))).rejects.toThrow('cannot access');
    await expect(inspectDirectory(dir.join('file'))).rejects.toThrow('cannot access');
  });

  it('that is not there, when nothing may be written', async () => {
    await using dir = await tempDir();
    await expect(inspectDirectory(dir.join('none'))).rejects.toThrow('no such file or directory');
    expect(await readdir(dir.path)).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)(
    'that this user may not write (skipped for root)',
    async () => {
      await using dir = await tempDir();
      await mkdir(dir.join('closed'));
      await chmod(dir.join('closed'), 0o500);
      await expect(claimDirectory(dir.join('closed'))).rejects.toThrow('permission denied');
      expect((await stat(dir.join('closed'))).isDirectory()).toBe(true);
    },
  );
});
