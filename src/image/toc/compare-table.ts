import { displayed, type ByteText } from '../tar/byte-text.ts';
import type { TarEntry } from '../tar/entry.ts';

/** What has to be the same; dates are rounded by some writers. */
const FACTS: Readonly<Record<string, (entry: TarEntry) => unknown>> = {
  type: ({ inode, hardLink }) => (hardLink === undefined ? inode.type : 'hard link'),
  target: ({ inode, hardLink }) => hardLink ?? inode.link,
  mode: ({ inode }) => inode.mode,
  owner: ({ inode }) => `${inode.uid}:${inode.gid}`,
  size: ({ inode, hardLink }) => (hardLink === undefined ? inode.size : 0),
  device: ({ inode }) => inode.device?.join(':'),
};

/**
 * How a table of contents differs from the tar that it describes, as the end of a sentence. A program
 * that reads the table and one that reads the tar would see different files.
 */
export function tableDifference(
  table: readonly TarEntry[],
  tar: ReadonlyMap<ByteText, TarEntry>,
): string | undefined {
  const listed = new Map(table.map((entry) => [entry.path, entry]));
  for (const [path, entry] of tar) {
    const one = listed.get(path);
    listed.delete(path);
    if (path === '') continue;
    if (one === undefined) return `does not list "${displayed(path)}"`;
    const other = Object.entries(FACTS).find(([, fact]) => fact(one) !== fact(entry));
    if (other !== undefined) return `gives "${displayed(path)}" another ${other[0]}`;
  }
  listed.delete('');
  const [more] = listed.keys();
  return more === undefined
    ? undefined
    : `lists "${displayed(more)}", which the layer does not have`;
}
