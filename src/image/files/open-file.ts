import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { openChunks } from '../toc/read-chunks.ts';
import { findFile } from './find-file.ts';
import type { LayerStack } from './image-files.ts';
import { readContent } from './read-contents.ts';

/**
 * The content of a file of an image: from parts of its layer if that has a table of contents, else
 * from the layer.
 * @throws as findFile
 */
export async function openFile(
  stack: LayerStack,
  path: string,
  where: string,
  options?: CallOptions,
): Promise<Bytes> {
  const { inode, from } = await findFile(stack, path, where, options);
  if (from === undefined) return readContent(stack, inode, options);
  const { source, layers, ranges } = stack;
  const layer = layers[inode.layer]?.descriptor;
  const chunks = from.table.chunksOf(inode);
  if (chunks !== undefined && layer !== undefined && ranges !== undefined) {
    const parts = { label: source.label, layer, ranges, format: from.format };
    const bytes = await openChunks(parts, chunks, options);
    if (bytes !== undefined) return bytes;
  }
  const whole = { source, layers };
  return readContent(whole, (await findFile(whole, path, where, options)).inode, options);
}
