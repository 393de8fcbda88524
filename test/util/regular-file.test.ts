import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readTextFile } from '../../src/config/files/text.ts';
import { openTar } from '../../src/transports/tar/open.ts';
import { sourceFromBytes } from '../../src/store/verify.ts';
import { openLayoutForWrite } from '../../src/transports/oci-layout/store.ts';
import { isInherited, readNamedFile, readRegularFileSync } from '../../src/util/regular-file.ts';
import { blob } from '../helpers/graphs.ts';
import { noPipes } from '../helpers/pipes.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { codeOf } from '../helpers/thrown.ts';

/** What is no file, each of which would be waited for, or read without end. */
const ODD: readonly (readonly [string, (dir: TempDir) => Promise<unknown>])[] = [
  ['a pipe', async (dir) => execFileSync('mkfifo', [dir.join('odd')])],
  [
    'a link to a pipe',
    async (dir) => {
      execFileSync('mkfifo', [dir.join('pipe')]);
      await symlink('pipe', dir.join('odd'));
    },
  ],
  ['a device without end', (dir) => symlink('/dev/zero', dir.join('odd'))],
  ['a directory', (dir) => mkdir(dir.join('odd'))],
];

describe('paths that are not files', () => {
  it.each(ODD)(
    '%s is refused at once, as a configuration and as an archive',
    async (_what, make) => {
      await using dir = await tempDir();
      await make(dir);
      const path = dir.join('odd');
      await expect(readNamedFile(path, 100)).rejects.toThrow('not a regular file');
      expect(() => readRegularFileSync(path, 100)).toThrow(/not a regular file/u);
      expect(await codeOf(readTextFile(path))).toBe('IO');
      expect(await codeOf(openTar(path, noPipes))).toBe('CORRUPT_ARCHIVE');
    },
  );

  it('what is longer than it may be is not read to its end', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('long'), 'x'.repeat(101));
    await expect(readNamedFile(dir.join('long'), 100)).rejects.toThrow('larger than 100 bytes');
    expect((await readNamedFile(dir.join('long'), 101)).bytes).toHaveLength(101);
    // Files of /proc say that they have no bytes.
    expect(readRegularFileSync('/proc/self/status', 100_000).bytes.toString()).toContain('Pid:');
    expect(() => readRegularFileSync('/proc/self/status', 10)).toThrow('larger than 10 bytes');
  });

  it('nothing is in /dev/null, and descriptors of a shell are read whatever they are', async () => {
    expect((await readNamedFile('/dev/null', 10)).bytes).toHaveLength(0);
    for (const path of ['/dev/fd/63', '/dev/stdin', '/proc/self/fd/3', '/proc/12/fd/3'])
      expect([path, isInherited(path)]).toEqual([path, true]);
    for (const path of ['/dev/fd/x', '/dev/fd/3/x', '/tmp/dev/fd/3', '/dev/zero'])
      expect([path, isInherited(path)]).toEqual([path, false]);
  });

  it.each([
    ['blobs', (dir: TempDir) => symlink(dir.join('else'), dir.join('out/blobs'))],
    [
      'blobs/sha256',
      async (dir: TempDir) => {
        await mkdir(dir.join('out/blobs'));
        await symlink(dir.join('else'), dir.join('out/blobs/sha256'));
      },
    ],
  ])('no file is written through %s that is a link', async (_what, make) => {
    await using dir = await tempDir();
    await mkdir(dir.join('else'));
    await mkdir(dir.join('out'));
    await make(dir);
    const { descriptor, data } = blob('content');
    await using layout = await openLayoutForWrite(dir.join('out'));
    expect(await codeOf(layout.push(sourceFromBytes(descriptor, data)))).toBe('CORRUPT_LAYOUT');
    expect(execFileSync('ls', ['-A', dir.join('else')]).toString()).toBe('');
  });
});
