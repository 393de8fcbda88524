import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import { byteText, displayed } from '../tar/byte-text.ts';
import type { TarEntry } from '../tar/entry.ts';
import { FileTree } from './file-tree.ts';
import type { LayerStack } from './image-files.ts';
import { pathError, type ListedFile } from './list-files.ts';
import { layerEntries, withLayer } from './read-layer.ts';

/**
 * Finds a file as a process in the container would open it. Layers are read from the highest down,
 * each to its end, until it is certain what the path means. Those that were read are verified.
 * @throws AppError PATH_UNKNOWN, UNSUPPORTED if it is no regular file; as readLayer
 */
export async function findFile(
  { source, layers }: LayerStack,
  path: string,
  where: string,
  options?: CallOptions,
): Promise<ListedFile> {
  const above: (readonly TarEntry[])[] = [];
  for (let lowest = layers.length - 1; ; lowest -= 1) {
    const layer = layers[lowest];
    if (layer !== undefined) above.unshift(await layerEntries(source, layer, options));
    const tree = new FileTree({ isPartial: lowest > 0 });
    for (const [i, entries] of above.entries()) {
      const number = Math.max(0, lowest) + i;
      try {
        for (const entry of entries) tree.add(entry, number);
      } catch (error) {
        throw withLayer(error, source.label, layers[number]?.descriptor);
      }
    }
    const found = tree.find(byteText(path));
    if (found.kind === 'unknown' && lowest > 0) continue;
    if (found.kind !== 'found') throw pathError(where, path, found.kind);
    const { inode } = found.node;
    if (inode.type === 'file') return { path: found.path, inode };
    throw new AppError(
      'UNSUPPORTED',
      `cannot print /${displayed(found.path)} of ${where}: it is no regular file`,
      {
        why: [`it is a ${KINDS[inode.type]}`],
        hint: `List what is there: regctl files --long ${where} /${displayed(found.path)}`,
      },
    );
  }
}

const KINDS = {
  directory: 'directory',
  symlink: 'symbolic link',
  char: 'character device',
  block: 'block device',
  fifo: 'named pipe',
} as const;
