import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { ByteText } from '../tar/byte-text.ts';
import type { Inode } from '../tar/entry.ts';
import type { FileTree } from './file-tree.ts';
import type { LayerStack } from './image-files.ts';
import { listFiles, type ListedFile } from './list-files.ts';
import { readContents } from './read-contents.ts';
import { encodeEntry, END_BYTES, padding } from '../tar/writer.ts';

export interface ExportOptions extends CallOptions {
  /** Called when nothing more of a layer is needed. */
  readonly onLayerDone?: ((number: number) => Promise<void>) | undefined;
}

/**
 * A tar of the merged files, that tar and container engines extract. Links and devices come first,
 * files layer by layer, directories last with the deepest first, so that what is put into a
 * directory does not change its time or run into its mode. The first name of a file in the order of
 * the tree has its content; the others are hard links, whatever the layers made of them.
 * @throws as readLayer
 */
export async function* exportFiles(
  tree: FileTree,
  stack: LayerStack,
  { onLayerDone, signal }: ExportOptions = {},
): Bytes {
  const directories: ListedFile[] = [];
  const names = new Map<Inode, ByteText[]>();
  const contents: Set<Inode>[] = stack.layers.map(() => new Set());
  for (const file of listFiles(tree, '')) {
    const { inode, path } = file;
    if (inode.type === 'directory') {
      directories.push(file);
      continue;
    }
    const known = names.get(inode);
    if (known === undefined) names.set(inode, [path]);
    else known.push(path);
    if (inode.size > 0) contents[inode.layer]?.add(inode);
  }
  const batch = new Batch();
  for (const [inode, paths] of names)
    if (inode.size === 0) yield* batch.add(...entriesOf(inode, paths));
  for (const [number, files] of contents.entries()) {
    if (files.size > 0) yield* batch.through(layerFiles(stack, number, { files, names }, signal));
    await onLayerDone?.(number);
  }
  for (const { path, inode } of directories.toReversed())
    yield* batch.add(encodeEntry(path, inode));
  yield* batch.add(END_BYTES);
  yield* batch.flush();
}

async function* layerFiles(
  stack: LayerStack,
  number: number,
  plan: { readonly files: ReadonlySet<Inode>; readonly names: ReadonlyMap<Inode, ByteText[]> },
  signal: AbortSignal | undefined,
): Bytes {
  let end: readonly Uint8Array[] = [];
  for await (const event of readContents(stack, number, plan.files, { signal })) {
    if (event instanceof Uint8Array) {
      yield event;
      continue;
    }
    yield* end;
    const [first, ...links] = entriesOf(event, plan.names.get(event) ?? []);
    if (first !== undefined) yield first;
    end = [padding(event.size), ...links];
  }
  yield* end;
}

/** The entry of an inode, and hard links to it. */
function entriesOf(inode: Inode, [path = '', ...others]: readonly ByteText[]): Uint8Array[] {
  return [encodeEntry(path, inode), ...others.map((other) => encodeEntry(other, inode, path))];
}

const BATCH_BYTES = 64 * 1024;

/** Joins small pieces, because each one that is passed on costs a write. */
class Batch {
  #pieces: Uint8Array[] = [];
  #size = 0;

  *add(...pieces: readonly Uint8Array[]): Iterable<Uint8Array> {
    for (const piece of pieces) {
      if (piece.byteLength >= BATCH_BYTES) {
        yield* this.flush();
        yield piece;
        continue;
      }
      this.#pieces.push(piece);
      this.#size += piece.byteLength;
      if (this.#size >= BATCH_BYTES) yield* this.flush();
    }
  }

  async *through(bytes: Bytes): Bytes {
    for await (const piece of bytes) yield* this.add(piece);
  }

  *flush(): Iterable<Uint8Array> {
    if (this.#size > 0) yield Buffer.concat(this.#pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
  }
}
