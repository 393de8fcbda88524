import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { attribute } from '../../src/copy/engine/errors.ts';
import { TempFiles } from '../../src/image/convert/temp-files.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { spool } from '../../src/transports/tar/spool.ts';
import { bytesOf } from '../../src/util/bytes.ts';
import { systemError } from '../../src/util/errno.ts';
import { plainTemporaries } from '../../src/util/temporaries.ts';
import { tempDir } from '../helpers/temp.ts';

const failed = (code: string): Error =>
  Object.assign(new Error(`${code}: words of Node`), { code });

describe('each failure under its own name', () => {
  it.each([
    ['EACCES', 'IO', 'permission denied', /access/u],
    ['EROFS', 'IO', 'the file system is read-only', /another file system/u],
    ['ENOENT', 'IO', 'no such file or directory', /path/u],
    ['ENOSPC', 'NO_SPACE', 'no space is left', /Free some space/u],
    ['EDQUOT', 'NO_SPACE', 'the disk quota is used up', /Free some space/u],
    ['EMFILE', 'IO', 'too many files are open', /ulimit/u],
    ['EIO', 'IO', 'the disk reported an error', /disk/u],
  ])('%s', (errno, code, words, cure) => {
    const error = systemError(failed(errno), { verb: 'write', path: '/srv/out' });
    expect(error).toMatchObject({ code, message: `cannot write /srv/out: ${words}` });
    expect(error.hint).toMatch(cure);
    expect(error.hint).toMatch(/^[A-Z]/u);
    expect(error.message).not.toMatch(/\bE[A-Z]{4,}\b/u);
    expect(error.details).toEqual({ path: '/srv/out', errno });
  });

  it('a temporary directory that cannot be used is no fault of an image', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('file'), '');
    await mkdir(dir.join('empty'));
    const use = [
      async (folder: string) => {
        await using files = new TempFiles(folder, async () => plainTemporaries());
        await files.write(bytesOf(Buffer.from('x')));
      },
      async (folder: string) => void (await spool(bytesOf(Buffer.from('x')), folder)),
    ];
    for (const write of use) {
      const error: unknown = await write(dir.join('file/tmp')).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({
        message: expect.stringMatching(
          /^cannot write the temporary directory .*: a part of the path is not a directory$/u,
        ) as string,
        hint: 'Set TMPDIR to a directory that this user can write and that has room.',
      });
      expect(attribute('source', 'cannot find "1.0" in app', error)).toBe(error);
    }
  });
});
