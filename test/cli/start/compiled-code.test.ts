import { chmod, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCode, writeCode, type CodeFile } from '../../../src/cli/start/compiled-code.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';

const uid = process.geteuid?.();
const CODE = new Map([
  ['first.cjs', Buffer.from('one\ntwo')],
  ['online.cjs', Buffer.alloc(5000, 7)],
]);

const fileIn = (dir: TempDir, key = 'build v20 linux x64'): CodeFile => ({
  path: dir.join('regctl', 'code', 'tags'),
  key,
  uid,
});

const piecesOf = (file: CodeFile): readonly string[] => readCode(file).pieces;

describe('compiled code', () => {
  it('comes back as it was written, in a file and folders of this user alone', async () => {
    await using dir = await tempDir();
    const file = fileIn(dir);
    writeCode(file, CODE);
    const code = readCode(file);
    expect(code.pieces).toEqual(['first.cjs', 'online.cjs']);
    for (const [piece, bytes] of CODE) expect(code.get(piece)).toEqual(bytes);
    expect(code.get('other.cjs')).toBeUndefined();
    expect((await stat(file.path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(file.path))).mode & 0o777).toBe(0o700);
    expect(await readdir(dirname(file.path))).toEqual(['tags']);
  });

  it('is not used by another bundle, Node or machine', async () => {
    await using dir = await tempDir();
    writeCode(fileIn(dir), CODE);
    expect(piecesOf(fileIn(dir, 'build v22 linux x64'))).toEqual([]);
    writeCode(fileIn(dir, 'build v22 linux x64'), CODE);
    expect(piecesOf(fileIn(dir))).toEqual([]);
  });

  it('is not used when a single bit of it changed, or its end is missing', async () => {
    await using dir = await tempDir();
    const file = fileIn(dir);
    writeCode(file, CODE);
    const whole = await readFile(file.path);
    for (const at of [0, 40, 80, whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      await writeFile(file.path, damaged);
      expect(piecesOf(file), `byte ${at}`).toEqual([]);
    }
    for (const length of [0, 10, 33, whole.length - 1]) {
      await writeFile(file.path, whole.subarray(0, length));
      expect(piecesOf(file), `${length} bytes`).toEqual([]);
    }
    await writeFile(file.path, whole);
    expect(piecesOf(file)).toHaveLength(2);
  });

  it.each([
    ['the file is open to others', async (file: CodeFile) => chmod(file.path, 0o622)],
    ['its folder is', async (file: CodeFile) => chmod(dirname(file.path), 0o777)],
    ['the folder above is', async (file: CodeFile) => chmod(dirname(dirname(file.path)), 0o770)],
  ])('is not used when %s', async (_, open) => {
    await using dir = await tempDir();
    const file = fileIn(dir);
    writeCode(file, CODE);
    await open(file);
    expect(piecesOf(file)).toEqual([]);
  });

  it('is not used when it is a link or belongs to another user', async () => {
    await using dir = await tempDir();
    const file = fileIn(dir);
    writeCode(file, CODE);
    const link = { ...file, path: dir.join('regctl', 'code', 'copy') };
    await symlink(file.path, link.path);
    expect(piecesOf(link)).toEqual([]);
    expect(piecesOf({ ...file, uid: (uid ?? 0) + 1 })).toEqual([]);
  });

  it('is not written into a folder that others may write', async () => {
    await using dir = await tempDir();
    const file = fileIn(dir);
    await mkdir(dirname(file.path), { recursive: true, mode: 0o700 });
    await chmod(dirname(file.path), 0o777);
    writeCode(file, CODE);
    expect(await readdir(dirname(file.path))).toEqual([]);
  });

  it('is silent where nothing can be written', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('regctl'), 'a file');
    writeCode(fileIn(dir), CODE);
    expect(await readdir(dir.path)).toEqual(['regctl']);
  });
});
