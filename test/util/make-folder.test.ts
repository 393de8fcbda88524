import { readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/util/make-folder.ts';
import { tempDir } from '../helpers/temp.ts';

describe('makeFolder', () => {
  it('makes what is missing above, and minds neither what is there nor a second maker', async () => {
    await using dir = await tempDir();
    const path = dir.join('a', 'b', 'c');
    await Promise.all([makeFolder(path), makeFolder(path), makeFolder(dir.join('a', 'b', 'd'))]);
    await makeFolder(path);
    expect((await readdir(dir.join('a', 'b'))).toSorted()).toEqual(['c', 'd']);
  });

  it('says what stands in the way', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('file'), '');
    await expect(makeFolder(dir.join('file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(dir.join('file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.runIf(process.platform === 'linux')('ends where the parent is there and denied', async () => {
    await expect(makeFolder('/proc/regctl-test/out')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
