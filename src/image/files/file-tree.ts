import { displayed, ownText, type ByteText } from '../tar/byte-text.ts';
import { impliedDirectory, type Inode, type TarEntry } from '../tar/entry.ts';
import {
  createNode,
  DirectoryNode,
  FileNode,
  keepOwn,
  removeLower,
  tombstone,
} from './file-node.ts';
import { followLinks, type Found } from './follow-links.ts';
import { HeaderError } from '../tar/header.ts';

/** More entries than any image has. */
const MAX_ENTRIES = 10_000_000;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** AUFS kept its own files at the root of a layer under this prefix. */
const AUFS = '.wh..wh.';
const AUFS_LINKS = '.wh..wh.plnk/';

export interface FileTreeOptions {
  readonly isPartial?: boolean;
  /** Whether an entry below links in a circle is an error, as container engines have it. */
  readonly refusesLoops?: boolean;
}

/**
 * The files that layers make together (image-spec v1.1.1 layer.md), built from the lowest layer
 * upwards. In one layer the last entry of a path counts, and whiteouts hide only what lower layers
 * have, wherever they stand. Below a symbolic link of its own layer an entry goes where the link
 * leads; a link of a lower layer is replaced by a directory, as overlayfs shows it.
 *
 * A partial tree lacks lower layers: it remembers what its layers hide of them.
 */
export class FileTree {
  readonly root: DirectoryNode = new DirectoryNode(impliedDirectory(-1), -1);
  readonly #isPartial: boolean;
  readonly #refusesLoops: boolean;
  /** Files that AUFS kept only as targets of hard links. */
  readonly #aufsLinks = new Map<ByteText, FileNode>();
  #entries = 0;

  constructor({ isPartial = false, refusesLoops = false }: FileTreeOptions = {}) {
    this.#isPartial = isPartial;
    this.#refusesLoops = refusesLoops;
  }

  /** Adds the next entry of a layer; layers come in their order. @throws HeaderError */
  add({ path, hardLink, inode }: TarEntry, layer: number): void {
    this.#entries += 1;
    if (this.#entries > MAX_ENTRIES)
      throw new HeaderError(`it has more than ${MAX_ENTRIES} entries`);
    inode.layer = layer;
    if (path === '') return this.#setRoot(inode);
    const slash = path.lastIndexOf('/');
    const folder = slash < 0 ? '' : path.slice(0, slash);
    const name = ownText(path.slice(slash + 1));
    if (path.startsWith(AUFS) && path !== OPAQUE) return this.#addAufs(path, folder, inode);
    if (name === OPAQUE) return this.#makeOpaque(folder, layer);
    if (name.startsWith(WHITEOUT))
      return this.#remove(folder, name.slice(WHITEOUT.length), layer, path);
    const parent = this.#directory(folder, layer);
    const existing = parent.children.get(name);
    if (hardLink !== undefined) {
      const target = this.#linkTarget(hardLink, path);
      if (target === existing) return;
      const node = new FileNode(target.inode, layer);
      node.state = target.state;
      parent.set(name, node);
    } else if (existing instanceof DirectoryNode && inode.type === 'directory') {
      existing.inode = inode;
      existing.layer = layer;
      existing.state = 'real';
    } else {
      const node = createNode(inode, layer);
      // A directory in the place of something else hides what it replaced.
      if (node instanceof DirectoryNode) node.isClosed = existing !== undefined;
      parent.set(name, node);
    }
  }

  /** What a path means, symbolic links followed. A trailing slash asks for a directory. */
  find(path: ByteText): Found {
    return followLinks(this.root, path, { isPartial: this.#isPartial });
  }

  #setRoot(inode: Inode): void {
    if (inode.type !== 'directory') throw new HeaderError('an entry replaces the root');
    this.root.inode = inode;
    this.root.layer = inode.layer;
  }

  #addAufs(path: ByteText, folder: ByteText, inode: Inode): void {
    this.#directory(folder, inode.layer);
    if (path.startsWith(AUFS_LINKS)) this.#aufsLinks.set(path, new FileNode(inode, inode.layer));
  }

  /** The directory that an entry of `layer` goes into; created where it does not exist. */
  #directory(path: ByteText, layer: number): DirectoryNode {
    if (path === '') return this.root;
    const found = followLinks(this.root, path, {
      isPartial: this.#isPartial,
      refusesLoops: this.#refusesLoops,
      follows: (link) => link.layer === layer,
      create: (parent, name, replaced) => {
        if (replaced instanceof DirectoryNode && replaced.state === 'unsure') {
          replaced.state = 'real';
          return replaced;
        }
        const node = new DirectoryNode(impliedDirectory(layer), layer);
        node.isClosed = replaced !== undefined;
        parent.set(name, node);
        return node;
      },
    });
    if (found.kind === 'found' && found.node instanceof DirectoryNode) return found.node;
    const why = found.kind === 'loop' ? ': symbolic links lead in a circle' : '';
    throw new HeaderError(`there is no directory "${displayed(path)}"${why}`);
  }

  /**
   * The directory in which a whiteout hides something, links followed; created where there is
   * nothing, as container engines do. In a partial tree, lower layers may have it.
   */
  #hidingDirectory(
    path: ByteText,
    layer: number,
    { followsLast }: { readonly followsLast: boolean },
  ): DirectoryNode | undefined {
    if (path === '') return this.root;
    let isThroughLink = false;
    const found = followLinks(this.root, path, {
      isPartial: this.#isPartial,
      follows: (_link, isLast) => {
        isThroughLink = true;
        return followsLast || !isLast;
      },
      create: (parent, name, replaced) => {
        if (replaced instanceof DirectoryNode && replaced.state === 'unsure') return replaced;
        if (replaced !== undefined || (isThroughLink && !this.#isPartial)) return undefined;
        const node = new DirectoryNode(impliedDirectory(layer), layer);
        if (this.#isPartial) node.state = 'unsure';
        parent.set(name, node);
        return node;
      },
    });
    return found.kind === 'found' && found.node instanceof DirectoryNode ? found.node : undefined;
  }

  /** A link to a directory is not the directory that gets opaque. */
  #makeOpaque(folder: ByteText, layer: number): void {
    const directory = this.#hidingDirectory(folder, layer, { followsLast: false });
    if (directory === undefined) return;
    removeLower(directory, layer);
    directory.isClosed = true;
  }

  #remove(folder: ByteText, name: ByteText, layer: number, path: ByteText): void {
    if (name === '' || name === '.' || name === '..')
      throw new HeaderError(`the whiteout "${displayed(path)}" names nothing in its directory`);
    const directory = this.#hidingDirectory(folder, layer, { followsLast: true });
    if (directory === undefined) return;
    const existing = directory.children.get(name);
    if (existing === undefined || !keepOwn(existing, layer)) {
      directory.remove(name);
      if (this.#isPartial) directory.set(name, tombstone(layer));
    } else if (existing instanceof DirectoryNode) existing.isClosed = true;
  }

  /** @throws HeaderError if there is no such file */
  #linkTarget(path: ByteText, from: ByteText): FileNode {
    const kept = this.#aufsLinks.get(path);
    if (kept !== undefined) return kept;
    const found = followLinks(this.root, path, {
      isPartial: this.#isPartial,
      follows: (_link, isLast) => !isLast,
    });
    const link = `the hard link "${displayed(from)}" leads to "${displayed(path)}", which`;
    if (found.kind === 'unknown') {
      const node = new FileNode({ ...impliedDirectory(-1), type: 'file' }, -1);
      node.state = 'unsure';
      return node;
    }
    if (found.kind !== 'found') throw new HeaderError(`${link} does not exist`);
    if (path === from) throw new HeaderError(`${link} is itself`);
    if (found.node instanceof DirectoryNode) throw new HeaderError(`${link} is a directory`);
    return found.node;
  }
}
