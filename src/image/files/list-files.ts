import { AppError } from '../../errors/app-error.ts';
import { byteText, displayed, type ByteText } from '../tar/byte-text.ts';
import type { Inode } from '../tar/entry.ts';
import { DirectoryNode, type FileNode } from './file-node.ts';
import type { FileTree } from './file-tree.ts';

/** A file of an image, or of one layer. */
export interface ListedFile {
  /** Relative to the root, which is empty. */
  readonly path: ByteText;
  readonly inode: Inode;
}

/**
 * The files of a tree, each directory before what it has, names by byte value; below `path` only,
 * symbolic links followed. The root is listed if a layer has an entry for it.
 * @throws AppError PATH_UNKNOWN
 */
export function listFiles(tree: FileTree, where: string, path?: string): Iterable<ListedFile> {
  if (path === undefined) return walk(tree.root, '');
  const found = tree.find(byteText(path));
  if (found.kind === 'found') return walk(found.node, found.path);
  throw pathError(where, path, found.kind);
}

function* walk(node: FileNode, path: ByteText): Iterable<ListedFile> {
  if (path !== '' || node.inode.index >= 0) yield { path, inode: node.inode };
  if (!(node instanceof DirectoryNode)) return;
  for (const name of [...node.children.keys()].toSorted()) {
    const child = node.children.get(name);
    if (child !== undefined) yield* walk(child, path === '' ? name : `${path}/${name}`);
  }
}

const REASONS = {
  missing: 'it does not exist',
  unknown: 'it does not exist',
  loop: 'its symbolic links lead in a circle',
  'not-a-directory': 'a part of the path is not a directory',
} as const;

/** The error for a path that leads nowhere. */
export function pathError(where: string, path: string, kind: keyof typeof REASONS): AppError {
  return new AppError(
    'PATH_UNKNOWN',
    `cannot find ${displayed(byteText(path))} in ${where}: ${REASONS[kind]}`,
    { hint: `List the files of the image: regctl files ${where}` },
  );
}
