import type { ByteText } from '../tar/byte-text.ts';
import type { FileType, Inode } from '../tar/entry.ts';
import type { FileTree } from './file-tree.ts';
import { listFiles } from './list-files.ts';

/** A file that only one side has. */
export interface FileOnOneSide {
  readonly path: ByteText;
  readonly type: FileType;
  readonly size: number;
}

export type FileAspect =
  | 'type'
  | 'mode'
  | 'uid'
  | 'gid'
  | 'size'
  | 'content'
  | 'link'
  | 'device'
  | 'mtime'
  | 'xattrs';

export interface ChangedFile {
  readonly path: ByteText;
  readonly what: readonly FileAspect[];
  readonly size: readonly [a: number, b: number];
}

/** From the first tree to the second one, by path. */
export interface FileDifferences {
  readonly added: readonly FileOnOneSide[];
  readonly gone: readonly FileOnOneSide[];
  readonly changed: readonly ChangedFile[];
}

/** Compares two trees; `hashOf` gives the digest of a file's content. */
export function compareTrees(
  a: FileTree,
  b: FileTree,
  hashOf: (inode: Inode) => string | undefined,
): FileDifferences {
  const left = byPath(a);
  const added: FileOnOneSide[] = [];
  const changed: ChangedFile[] = [];
  for (const [path, inode] of byPath(b)) {
    const before = left.get(path);
    left.delete(path);
    if (before === undefined) added.push(oneSide(path, inode));
    else if (before !== inode) {
      const what = aspects(before, inode, hashOf);
      if (what.length > 0) changed.push({ path, what, size: [before.size, inode.size] });
    }
  }
  return { added, gone: Array.from(left, ([path, inode]) => oneSide(path, inode)), changed };
}

function byPath(tree: FileTree): Map<ByteText, Inode> {
  return new Map(Array.from(listFiles(tree, ''), ({ path, inode }) => [path, inode]));
}

function oneSide(path: ByteText, { type, size }: Inode): FileOnOneSide {
  return { path, type, size };
}

/** Times of directories and links say little: tools that extract or build set them anew. */
function aspects(
  a: Inode,
  b: Inode,
  hashOf: (inode: Inode) => string | undefined,
): readonly FileAspect[] {
  const isTimed = a.type !== 'directory' && a.type !== 'symlink';
  const differs: Readonly<Record<FileAspect, boolean>> = {
    type: a.type !== b.type,
    mode: a.mode !== b.mode,
    uid: a.uid !== b.uid,
    gid: a.gid !== b.gid,
    size: a.size !== b.size,
    content: hashOf(a) !== hashOf(b),
    link: a.link !== b.link,
    device: a.device?.join() !== b.device?.join(),
    mtime: isTimed && a.mtime !== b.mtime,
    xattrs: xattrsOf(a) !== xattrsOf(b),
  };
  return (Object.keys(differs) as FileAspect[]).filter((aspect) => differs[aspect]);
}

function xattrsOf({ xattrs }: Inode): string {
  return JSON.stringify([...(xattrs ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
