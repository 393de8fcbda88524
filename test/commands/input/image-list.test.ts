import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { readNames } from '../../../src/commands/input/image-list.ts';
import { tempDir } from '../../helpers/temp.ts';
import { fakeContext } from '../fake-context.ts';

it('reads one name a line', async () => {
  await using dir = await tempDir();
  await writeFile(dir.join('images.txt'), '# all\n\n app:1 \r\nother:2');
  expect(await readNames(fakeContext({ cwd: dir.path }), 'images.txt', {})).toEqual([
    { name: 'app:1', where: 'images.txt:3' },
    { name: 'other:2', where: 'images.txt:4' },
  ]);
});

it('waits for no pipe that nobody writes to', async () => {
  await using dir = await tempDir();
  execFileSync('mkfifo', [dir.join('images')]);
  await expect(readNames(fakeContext({ cwd: dir.path }), 'images', {})).rejects.toMatchObject({
    code: 'IO',
    message: 'cannot read images: it is a pipe or device',
  });
});
