import type { ByteText } from '../tar/byte-text.ts';
import { impliedDirectory, type Inode } from '../tar/entry.ts';

/** A name in the tree. */
export class FileNode {
  inode: Inode;
  /** The layer that put it here; `inode.layer` is the one that holds the content. */
  layer: number;
  /** Only of a directory. */
  readonly children: Map<ByteText, FileNode> | undefined;
  /** Of a directory: nothing of the layers below the tree shows through. */
  isClosed = false;
  /**
   * In a partial tree: `unsure` stands for something that only lower layers know, `gone` for a
   * whiteout that hides it there.
   */
  state: 'real' | 'unsure' | 'gone' = 'real';

  constructor(inode: Inode, layer: number) {
    this.inode = inode;
    this.layer = layer;
    this.children = inode.type === 'directory' ? new Map() : undefined;
  }
}

/** The children of a node that is a directory. */
export function childrenOf({ children }: FileNode): Map<ByteText, FileNode> {
  if (children === undefined) throw new Error('it is a directory');
  return children;
}

/** Removes what is not from `layer`. */
export function removeLower(directory: FileNode, layer: number): void {
  const children = childrenOf(directory);
  for (const [name, child] of children) if (!keepOwn(child, layer)) children.delete(name);
}

/** Reduces a node to what `layer` put there. @returns false if that is nothing */
export function keepOwn(node: FileNode, layer: number): boolean {
  if (node.children === undefined) return node.layer === layer;
  removeLower(node, layer);
  if (node.layer === layer) return true;
  if (node.children.size === 0) return false;
  // The directory of the lower layer is gone; this layer's files imply a new one.
  node.inode = impliedDirectory(layer);
  node.layer = layer;
  return true;
}

/** What a whiteout leaves in a partial tree. */
export function tombstone(layer: number): FileNode {
  const node = new FileNode(impliedDirectory(layer), layer);
  node.state = 'gone';
  node.isClosed = true;
  return node;
}
