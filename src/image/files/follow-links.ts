import type { ByteText } from '../tar/byte-text.ts';
import { DirectoryNode, type FileNode } from './file-node.ts';

/** The answer to a path; `unknown` if only layers below a partial tree know. */
export type Found =
  | { readonly kind: 'found'; readonly node: FileNode; readonly path: ByteText }
  | { readonly kind: 'missing' | 'loop' | 'not-a-directory' | 'unknown' };

export interface FollowOptions {
  readonly isPartial: boolean;
  /** Whether nothing is made in the place of links that lead in a circle. Default: it is. */
  readonly refusesLoops?: boolean;
  /** Whether to go where a symbolic link leads. Default: always. */
  readonly follows?: (link: FileNode, isLast: boolean) => boolean;
  /**
   * Makes a directory where there is none, or in the place of something else. Without a result the
   * path is missing there.
   */
  readonly create?: (
    parent: DirectoryNode,
    name: ByteText,
    replaced: FileNode | undefined,
  ) => DirectoryNode | undefined;
}

/** Linux follows as many links in one path. */
const MAX_LINKS = 40;

interface Step {
  readonly node: FileNode;
  readonly name: ByteText;
  /** Whether it, or a directory above it, hides the layers below. */
  readonly isClosed: boolean;
}

/** Walks from the root as path_resolution(7) says; "/.." is "/". */
export function followLinks(
  root: DirectoryNode,
  path: ByteText,
  { isPartial, refusesLoops = false, follows = () => true, create }: FollowOptions,
): Found {
  const top: Step = { node: root, name: '', isClosed: root.isClosed };
  let steps = [top];
  let links = 0;
  const rest = path.split('/').toReversed();
  while (rest.length > 0) {
    const name = rest.pop() ?? '';
    const { node, isClosed } = steps.at(-1) ?? top;
    // Any part, even an empty one after a slash, asks for a directory before it.
    if (!(node instanceof DirectoryNode)) return { kind: 'not-a-directory' };
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (steps.length > 1) steps.pop();
      continue;
    }
    const isLast = rest.length === 0;
    let child = node.children.get(name);
    if (child?.inode.type === 'symlink' && child.state === 'real' && follows(child, isLast)) {
      links += 1;
      if (links <= MAX_LINKS) {
        const { link = '' } = child.inode;
        if (link.startsWith('/')) steps = [top];
        rest.push(...link.split('/').toReversed());
        continue;
      }
      if (create === undefined || refusesLoops) return { kind: 'loop' };
    }
    if (create !== undefined) {
      if (!(child instanceof DirectoryNode) || child.state !== 'real')
        child = create(node, name, child);
      if (child === undefined) return { kind: 'missing' };
    } else {
      if (child === undefined && isPartial && !isClosed) return { kind: 'unknown' };
      if (child === undefined || child.state === 'gone') return { kind: 'missing' };
      if (child.state === 'unsure' && !isClosed) return { kind: 'unknown' };
    }
    const hides = child instanceof DirectoryNode && child.isClosed;
    steps.push({ node: child, name, isClosed: isClosed || hides });
  }
  const names = steps.slice(1).map((step) => step.name);
  return { kind: 'found', node: (steps.at(-1) ?? top).node, path: names.join('/') };
}
