import { describe, expect, it } from 'vitest';
import { readFileTree } from '../../../src/image/files/image-files.ts';
import type { Inode } from '../../../src/image/tar/entry.ts';
import { listFiles } from '../../../src/image/files/list-files.ts';
import {
  expectedFiles,
  FILES_CASES,
  linkGroups,
  sorted,
  treeOf,
  withLayers,
  type ComparedFile,
} from './vectors.ts';

function compared(inode: Inode): ComparedFile {
  const { type, mode, uid, gid, size, mtime, link = '', device, xattrs = new Map() } = inode;
  return {
    type,
    ...(type === 'symlink' ? {} : { mode }),
    owner: `${uid}/${gid}`,
    size,
    ...(type === 'directory' ? {} : { mtime: Math.trunc(mtime) }),
    link,
    device: device?.join(',') ?? '',
    xattrs: sorted(
      Object.fromEntries(
        [...xattrs].map(([key, value]) => [key, Buffer.from(value, 'latin1').toString('base64')]),
      ),
    ),
  };
}

describe('the merged files', () => {
  it.each(FILES_CASES.filter(({ as }) => as !== 'error').map((one) => [one.image, one] as const))(
    'of %s are those that containers see',
    async (_image, one) => {
      const tree = await withLayers(one, (stack) => readFileTree(stack));
      const files = [...listFiles(tree, one.image)].filter(({ path }) => path !== '');
      const wanted = [...expectedFiles(treeOf(one))].map(
        ([path, { sha256: _sha256, ...rest }]) => [path, rest] as const,
      );
      expect(Object.fromEntries(files.map(({ path, inode }) => [path, compared(inode)]))).toEqual(
        Object.fromEntries(wanted),
      );
      // Links to links share an inode only on some file systems.
      const isFile = ({ inode }: { readonly inode: Inode }): boolean => inode.type === 'file';
      expect(
        linkGroups(files.filter(isFile).map(({ path, inode }) => [path, inode] as const)),
      ).toEqual(
        linkGroups(
          treeOf(one)
            .filter(({ type }) => type === 'file')
            .map(({ path, hardlinks }) => [path, hardlinks] as const),
        ),
      );
    },
  );

  it.each(FILES_CASES.filter(({ as }) => as === 'error').map((one) => [one.image, one] as const))(
    'of %s cannot be told: an error',
    async (_image, one) => {
      await expect(withLayers(one, (stack) => readFileTree(stack))).rejects.toMatchObject({
        name: 'AppError',
      });
    },
  );
});
