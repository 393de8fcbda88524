import type { ByteText } from '../tar/byte-text.ts';
import { impliedDirectory, type Inode } from '../tar/entry.ts';

/** A name in the tree. An image can have 100,000, so directories have a class of their own. */
export class FileNode {
  inode: Inode;
  /** The layer that put it here; `inode.layer` is the one that holds the content. */
  layer: number;
  /**
   * In a partial tree: `unsure` stands for something that only lower layers know, `gone` for a
   * whiteout that hides it there.
   */
  state: 'real' | 'unsure' | 'gone' = 'real';

  constructor(inode: Inode, layer: number) {
    this.inode = inode;
    this.layer = layer;
  }
}

const NO_CHILDREN: ReadonlyMap<ByteText, FileNode> = new Map();

export class DirectoryNode extends FileNode {
  /** Nothing of the layers below the tree shows through. */
  isClosed = false;
  #children: Map<ByteText, FileNode> | undefined;

  get children(): ReadonlyMap<ByteText, FileNode> {
    return this.#children ?? NO_CHILDREN;
  }

  set(name: ByteText, child: FileNode): void {
    this.#children ??= new Map();
    this.#children.set(name, child);
  }

  remove(name: ByteText): void {
    this.#children?.delete(name);
  }
}

export function createNode(inode: Inode, layer: number): FileNode {
  return inode.type === 'directory' ? new DirectoryNode(inode, layer) : new FileNode(inode, layer);
}

/** Removes what is not from `layer`. */
export function removeLower(directory: DirectoryNode, layer: number): void {
  for (const [name, child] of directory.children)
    if (!keepOwn(child, layer)) directory.remove(name);
}

/** Reduces a node to what `layer` put there. @returns false if that is nothing */
export function keepOwn(node: FileNode, layer: number): boolean {
  if (!(node instanceof DirectoryNode)) return node.layer === layer;
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
  const node = new DirectoryNode(impliedDirectory(layer), layer);
  node.state = 'gone';
  node.isClosed = true;
  return node;
}
