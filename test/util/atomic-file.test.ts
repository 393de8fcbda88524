import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomic } from '../../src/util/atomic-file.ts';

describe('writeFileAtomic', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'regctl-atomic-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('replaces a file, with its permissions, and leaves nothing beside it', async () => {
    const path = join(folder, 'auth.json');
    await writeFileAtomic(path, 'old');
    await writeFileAtomic(path, Buffer.from('new'), { mode: 0o600 });
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['auth.json']);
  });

  it('never shows half a file to a reader', async () => {
    const path = join(folder, 'index.json');
    const versions = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(200_000));
    await writeFileAtomic(path, versions[0] ?? '');
    const writing = Promise.all(versions.map((text) => writeFileAtomic(path, text)));
    for (let i = 0; i < 20; i += 1) expect(versions).toContain(await readFile(path, 'utf8'));
    await writing;
    expect(await readdir(folder)).toEqual(['index.json']);
  });

  it('cleans up after a failure and keeps what was there', async () => {
    const path = join(folder, 'taken');
    await mkdir(join(path, 'child'), { recursive: true });
    await expect(writeFileAtomic(path, 'x')).rejects.toThrow('EISDIR');
    expect(await readdir(folder)).toEqual(['taken']);
    await expect(writeFileAtomic(join(folder, 'missing', 'x'), 'x')).rejects.toThrow('ENOENT');
  });
});
