import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { writeNamedFile } from '../../../src/commands/output/named-file.ts';
import { tempDir } from '../../helpers/temp.ts';

it('replaces a file, also through a link, which stays', async () => {
  await using dir = await tempDir();
  await writeFile(dir.join('file'), 'old');
  await symlink('file', dir.join('link'));
  await writeNamedFile(dir.join('link'), 'new');
  await writeNamedFile(dir.join('other'), 'more');
  expect(await readFile(dir.join('file'), 'utf8')).toBe('new');
  expect((await lstat(dir.join('link'))).isSymbolicLink()).toBe(true);
  expect(await readdir(dir.path)).toEqual(['file', 'link', 'other']);
});

it('writes to a pipe and leaves it in its place', async () => {
  await using dir = await tempDir();
  const pipe = dir.join('pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'ignore'] });
  const read = reader.stdout.toArray();
  const ended = once(reader, 'exit');
  await writeNamedFile(pipe, 'sha256:0');
  await ended;
  expect(Buffer.concat((await read) as Buffer[]).toString()).toBe('sha256:0');
  expect((await lstat(pipe)).isFIFO()).toBe(true);
});

it('says path, cause and fix when it cannot', async () => {
  await using dir = await tempDir();
  await writeFile(dir.join('file'), '');
  await expect(writeNamedFile(dir.join('file/below'), '')).rejects.toMatchObject({
    code: 'IO',
    message: `cannot write ${dir.join('file/below')}: a part of the path is not a directory`,
    hint: 'Check the path.',
  });
});
