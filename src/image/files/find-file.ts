import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import { byteText, displayed } from '../tar/byte-text.ts';
import type { TarEntry } from '../tar/entry.ts';
import { FileTree } from './file-tree.ts';
import type { LayerStack } from './image-files.ts';
import { pathError, type ListedFile } from './list-files.ts';
import { readTable, type VerifiedTable } from '../toc/read-table.ts';
import { layerEntries, withLayer } from './read-layer.ts';

/** A file, and the table of contents of its layer if that was read instead of the layer. */
export interface FoundFile extends ListedFile {
  readonly from: VerifiedTable | undefined;
}

/**
 * Finds a file as a process in the container would open it. Layers are read from the highest down,
 * each to its end or its table of contents, until it is certain what the path means. Those that were
 * read are verified.
 * @throws AppError PATH_UNKNOWN, UNSUPPORTED if it is no regular file; as readLayer
 */
export async function findFile(
  { source, layers, ranges }: LayerStack,
  path: string,
  where: string,
  options?: CallOptions,
): Promise<FoundFile> {
  const above: (readonly TarEntry[])[] = [];
  const tables = new Map<number, VerifiedTable>();
  for (let lowest = layers.length - 1; ; lowest -= 1) {
    const layer = layers[lowest];
    if (layer !== undefined) {
      const found = await readTable(ranges, layer.descriptor, options);
      if (found !== undefined) tables.set(lowest, found);
      above.unshift(found?.table.entries ?? (await layerEntries(source, layer, options)));
    }
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
    if (inode.type === 'file') return { path: found.path, inode, from: tables.get(inode.layer) };
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
