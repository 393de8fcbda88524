import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { isEntry, type Inode } from '../tar/entry.ts';
import type { LayerStack } from './image-files.ts';
import { readLayer } from './read-layer.ts';

/** A file that begins, or the next bytes of its content. */
export type ContentEvent = Inode | Uint8Array;

/**
 * Reads files of one layer, in its order: each file, then its content. Stops after the last one, so
 * the layer must have been verified before.
 * @throws as readLayer
 */
export async function* readContents(
  { source, layers }: LayerStack,
  number: number,
  files: Iterable<Inode>,
  options?: CallOptions,
): AsyncGenerator<ContentEvent> {
  const layer = layers[number];
  if (layer === undefined) throw new Error(`the image has a layer ${number}`);
  const wanted = new Map(Array.from(files, (inode) => [inode.index, inode]));
  let left = 0;
  const batches = readLayer(source, layer, {
    ...options,
    wantsContent: ({ inode }) => wanted.has(inode.index),
  });
  for await (const events of batches) {
    for (const event of events) {
      if (isEntry(event)) {
        const inode = wanted.get(event.inode.index);
        if (inode === undefined) continue;
        wanted.delete(inode.index);
        left = inode.size;
        yield inode;
      } else if (typeof event === 'number') {
        left -= event;
        yield* zeros(event);
      } else {
        left -= event.byteLength;
        yield event;
      }
    }
    if (wanted.size === 0 && left === 0) return;
  }
}

/** The content of one file. @throws as readContents */
export async function* readContent(stack: LayerStack, inode: Inode, options?: CallOptions): Bytes {
  for await (const event of readContents(stack, inode.layer, [inode], options))
    if (event instanceof Uint8Array) yield event;
}

const ZEROS = new Uint8Array(64 * 1024);

/** The zero bytes of a hole in a sparse file. */
function* zeros(size: number): Iterable<Uint8Array> {
  for (let left = size; left > 0; left -= ZEROS.byteLength)
    yield left < ZEROS.byteLength ? ZEROS.subarray(0, left) : ZEROS;
}
