import { createHash, type Hash } from 'node:crypto';
import type { Digest } from '../../oci/digest.ts';
import type { CallOptions } from '../../util/abort.ts';
import { isEntry, type Inode, type TarEntry } from '../tar/entry.ts';
import { FileTree } from './file-tree.ts';
import type { LayerStack } from './image-files.ts';
import { readLayer, withLayer, type ImageLayer } from './read-layer.ts';

/**
 * Reads each distinct layer of several images once, and hashes the contents of its files. Trees
 * from it share the inodes of the layers that they share.
 */
export class HashedLayers {
  readonly #entries = new Map<Digest, readonly TarEntry[]>();
  readonly #hashes = new Map<Inode, string>();

  /** SHA-256 of a file's content in hex; undefined for what is no file. */
  hashOf(inode: Inode): string | undefined {
    return this.#hashes.get(inode);
  }

  /** @throws as readLayer */
  async tree({ source, layers }: LayerStack, options?: CallOptions): Promise<FileTree> {
    const tree = new FileTree();
    for (const [number, layer] of layers.entries()) {
      const entries = await this.#read(source, layer, options);
      try {
        for (const entry of entries) tree.add(entry, number);
      } catch (error) {
        throw withLayer(error, source.label, layer.descriptor);
      }
    }
    return tree;
  }

  async #read(
    source: LayerStack['source'],
    layer: ImageLayer,
    options?: CallOptions,
  ): Promise<readonly TarEntry[]> {
    const { digest } = layer.descriptor;
    const known = this.#entries.get(digest);
    if (known !== undefined) return known;
    const entries: TarEntry[] = [];
    let open: { readonly inode: Inode; readonly hash: Hash } | undefined;
    const close = (): void => {
      if (open !== undefined) this.#hashes.set(open.inode, open.hash.digest('hex'));
      open = undefined;
    };
    for await (const events of readLayer(source, layer, { ...options, wantsContent: always })) {
      for (const event of events) {
        if (isEntry(event)) {
          close();
          entries.push(event);
          const isFile = event.inode.type === 'file';
          open = isFile ? { inode: event.inode, hash: createHash('sha256') } : undefined;
        } else if (typeof event === 'number') hashZeros(open?.hash, event);
        else open?.hash.update(event);
      }
    }
    close();
    this.#entries.set(digest, entries);
    return entries;
  }
}

const always = (): boolean => true;

const ZEROS = new Uint8Array(64 * 1024);

function hashZeros(hash: Hash | undefined, size: number): void {
  for (let left = size; left > 0; left -= ZEROS.byteLength)
    hash?.update(ZEROS.subarray(0, Math.min(left, ZEROS.byteLength)));
}
