import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { cacheFolder, isCacheEnabled } from '../../../src/config/files/user-folders.ts';
import { checkPrivateFolder, readPrivateFile } from '../../../src/config/files/ownership.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';

const uid = process.getuid?.();

describe('the place of the cache', () => {
  it.each([
    [{ XDG_CACHE_HOME: '/c' }, '/c/regctl'],
    [{ XDG_CACHE_HOME: 'relative' }, '/home/u/.cache/regctl'],
    [{ XDG_CACHE_HOME: '' }, '/home/u/.cache/regctl'],
    [{}, '/home/u/.cache/regctl'],
  ])('%j → %s', (env, path) => {
    expect(cacheFolder(env, '/home/u')).toBe(path);
  });

  it('is nowhere without a home', () => {
    expect(cacheFolder({}, undefined)).toBeUndefined();
    expect(cacheFolder({ XDG_CACHE_HOME: 'relative' }, undefined)).toBeUndefined();
    expect(cacheFolder({ XDG_CACHE_HOME: '/c' }, undefined)).toBe('/c/regctl');
  });

  it.each(['off', 'OFF', 'no', 'false', '0'])('REGCTL_CACHE=%s switches it off', (value) => {
    expect(isCacheEnabled({ REGCTL_CACHE: value })).toBe(false);
  });

  it.each([undefined, '', 'on', '1'])('REGCTL_CACHE=%s leaves it on', (value) => {
    expect(isCacheEnabled({ REGCTL_CACHE: value })).toBe(true);
  });
});

describe.skipIf(uid === undefined)('a folder for secrets', () => {
  const cases: readonly [string, (dir: TempDir) => Promise<unknown>, object][] = [
    ['of one user', (dir) => mkdir(dir.join('x'), { mode: 0o700 }), { kind: 'usable' }],
    ['that is not there', () => Promise.resolve(), { kind: 'missing' }],
    [
      'that others can read',
      (dir) => mkdir(dir.join('x')).then(() => chmod(dir.join('x'), 0o750)),
      { kind: 'unsafe' },
    ],
    [
      'that others can write to',
      (dir) => mkdir(dir.join('x')).then(() => chmod(dir.join('x'), 0o702)),
      { kind: 'unsafe' },
    ],
    ['that is a file', (dir) => writeFile(dir.join('x'), ''), { kind: 'unsafe' }],
    [
      'that is a link',
      (dir) => mkdir(dir.join('y'), { mode: 0o700 }).then(() => symlink('y', dir.join('x'))),
      { kind: 'unsafe', problem: 'is a symbolic link' },
    ],
    ['that is a link to nothing', (dir) => symlink('y', dir.join('x')), { kind: 'unsafe' }],
  ];
  it.each(cases)('%s', async (_name, prepare, verdict) => {
    await using dir = await tempDir();
    await prepare(dir);
    expect(checkPrivateFolder(dir.join('x'), uid)).toMatchObject(verdict);
  });

  it('below a file is missing', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('x'), '');
    expect(checkPrivateFolder(dir.join('x/regctl'), uid)).toEqual({ kind: 'missing' });
  });

  it('of somebody else is unsafe', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('x'), { mode: 0o700 });
    expect(checkPrivateFolder(dir.join('x'), (uid ?? 0) + 1)).toMatchObject({
      kind: 'unsafe',
      problem: 'belongs to another user',
    });
  });
});

describe.skipIf(uid === undefined)('a file of one’s own', () => {
  const limits = { uid, maxBytes: 8 };

  it('is read when it is small and private', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('f'), 'secret', { mode: 0o600 });
    expect(readPrivateFile(dir.join('f'), limits)?.toString()).toBe('secret');
  });

  const refused: readonly [string, (dir: TempDir) => Promise<unknown>][] = [
    ['none', () => Promise.resolve()],
    ['one over the limit', (dir) => writeFile(dir.join('f'), 'x'.repeat(9), { mode: 0o600 })],
    ['one that others can read', (dir) => writeFile(dir.join('f'), 's', { mode: 0o644 })],
    [
      'a link',
      (dir) =>
        writeFile(dir.join('g'), 's', { mode: 0o600 }).then(() => symlink('g', dir.join('f'))),
    ],
    ['a folder', (dir) => mkdir(dir.join('f'), { mode: 0o700 })],
    [
      'a pipe, without waiting for a writer',
      (dir) => Promise.resolve(spawnSync('mkfifo', ['-m', '600', dir.join('f')])),
    ],
  ];
  it.each(refused)('is not %s', async (_name, prepare) => {
    await using dir = await tempDir();
    await prepare(dir);
    expect(readPrivateFile(dir.join('f'), limits)).toBeUndefined();
  });

  it.skipIf(uid !== 0)('is not one of somebody else', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('f'), 's', { mode: 0o600 });
    await chown(dir.join('f'), 12_345, 12_345);
    expect(readPrivateFile(dir.join('f'), limits)).toBeUndefined();
  });
});
