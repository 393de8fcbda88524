import { expect, it } from 'vitest';
import { FileTree } from '../../../src/image/files/file-tree.ts';
import { listFiles } from '../../../src/image/files/list-files.ts';
import { impliedDirectory, isEntry, type TarEntry } from '../../../src/image/tar/entry.ts';
import { TarReader } from '../../../src/image/tar/reader.ts';
import { encodeEntry, END_BYTES, padding } from '../../../src/image/tar/writer.ts';

/** "dir/", "link -> target", "hard = target", else an empty file. */
function entry(line: string): TarEntry {
  const [path = '', target = ''] = line.split(/ (?:->|=) /u);
  const inode = impliedDirectory(0);
  const at = path.replace(/\/$/u, '');
  if (line.includes(' = ')) return { path: at, hardLink: target, inode };
  const type = line.includes(' -> ') ? 'symlink' : path.endsWith('/') ? 'directory' : 'file';
  const link = type === 'symlink' ? { link: target } : {};
  return { path: at, hardLink: undefined, inode: { ...inode, type, index: 0, ...link } };
}

function listed(layers: readonly (readonly string[])[]): readonly string[] {
  const tree = new FileTree();
  for (const [number, lines] of layers.entries())
    for (const line of lines) tree.add(entry(line), number);
  return Array.from(listFiles(tree, 'the image'), ({ path }) => path);
}

// What podman mounts of the same layers.
it.each([
  [
    'a whiteout below nothing makes the directory',
    [['x'], ['no/dir/.wh.x']],
    ['no', 'no/dir', 'x'],
  ],
  ['so does one that makes it opaque', [['x'], ['zz/.wh..wh..opq']], ['x', 'zz']],
  [
    'a link to a directory is not what gets opaque',
    [['b/', 'b/x', 'a -> b'], ['a/.wh..wh..opq']],
    ['a', 'b', 'b/x'],
  ],
  [
    'a whiteout below a link hides what the link leads to',
    [['b/', 'b/x', 'b/y', 'a -> b'], ['a/.wh.x']],
    ['a', 'b', 'b/y'],
  ],
  ['a whiteout of a link hides the link only', [['b/', 'b/x', 'a -> b'], ['.wh.a']], ['b', 'b/x']],
  ['a whiteout of a directory leaves the link to it', [['b/', 'b/x', 'a -> b'], ['.wh.b']], ['a']],
  [
    'a directory that is opaque keeps the files of its own layer before and after',
    [
      ['a/', 'a/low'],
      ['a/', 'a/before', 'a/.wh..wh..opq', 'a/after'],
    ],
    ['a', 'a/after', 'a/before'],
  ],
  ['a hard link keeps what is deleted', [['a'], ['h = a', '.wh.a']], ['h']],
  ['a whiteout below a dangling link does nothing', [['a -> no'], ['a/.wh.x']], ['a']],
])('%s', (_name, layers, wanted) => {
  expect(listed(layers)).toEqual(wanted);
});

it("a long name of GNU's counts more than one of PAX, in any order", () => {
  const gnu = (text: string): Uint8Array => {
    const body = Buffer.from(`${text}\0`);
    const file = { ...impliedDirectory(0), type: 'file', size: body.byteLength } as const;
    const header = Buffer.from(encodeEntry('././@LongLink', file));
    header.write('L', 156, 'latin1');
    header.write('        ', 148, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return Buffer.concat([header, body, padding(body.byteLength)]);
  };
  const own = { ...impliedDirectory(0), type: 'file', size: 0 } as const;
  const pax = encodeEntry('own', own, undefined, [['path', 'pax']]);
  const [records, header] = [pax.subarray(0, -512), pax.subarray(-512)];
  for (const parts of [
    [gnu('gnu'), records, header],
    [records, gnu('gnu'), header],
  ]) {
    const events = new TarReader().push(Buffer.concat([...parts, END_BYTES]));
    expect(events.filter(isEntry).map(({ path }) => path)).toEqual(['gnu']);
  }
});
