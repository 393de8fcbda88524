import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { impliedDirectory, type FileType, type Inode } from '../../../src/image/tar/entry.ts';
import { exportFiles } from '../../../src/image/files/export-files.ts';
import { readFileTree } from '../../../src/image/files/image-files.ts';
import { TarReader } from '../../../src/image/tar/reader.ts';
import { encodeEntry } from '../../../src/image/tar/writer.ts';
import {
  expectedFiles,
  FILES_CASES,
  linkGroups,
  treeOf,
  withLayers,
  type ComparedFile,
} from './vectors.ts';

const TYPES: Readonly<Record<string, FileType>> = {
  file: 'file',
  directory: 'directory',
  symlink: 'symlink',
  'character-device': 'char',
  'block-device': 'block',
  fifo: 'fifo',
};

interface Extracted {
  readonly files: ReadonlyMap<string, ComparedFile>;
  readonly links: readonly (readonly [path: string, target: string])[];
  readonly order: readonly string[];
}

/** What the package decodes, and its types leave out. */
interface Found {
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: Date;
  readonly linkname: string | null;
  readonly devmajor: number;
  readonly devminor: number;
  readonly pax: Readonly<Record<string, string>> | null;
}

/** Reads the tar with another reader; a character of a name is a byte. */
async function extracted(tar: AsyncIterable<Uint8Array>): Promise<Extracted> {
  const files = new Map<string, ComparedFile>();
  const links: (readonly [string, string])[] = [];
  const order: string[] = [];
  const reader = extract({ filenameEncoding: 'latin1' } as object);
  reader.on('entry', (header, body, next) => {
    const found = header as unknown as Found;
    const { pax, type } = found;
    const hash = createHash('sha256');
    body.on('data', (chunk) => hash.update(chunk as Buffer));
    body.on('end', () => {
      const path = found.name.replace(/\/$/u, '');
      order.push(path);
      if (type === 'link') links.push([path, found.linkname ?? '']);
      else
        files.set(path, {
          type: TYPES[type] ?? 'file',
          ...(type === 'symlink' ? {} : { mode: found.mode }),
          owner: `${pax?.['uid'] ?? found.uid}/${pax?.['gid'] ?? found.gid}`,
          size: found.size,
          ...(type === 'directory'
            ? {}
            : { mtime: Math.trunc(Number(pax?.['mtime'] ?? Number(found.mtime) / 1000)) }),
          link: type === 'symlink' ? (found.linkname ?? '') : '',
          device: type.endsWith('device') ? `${found.devmajor},${found.devminor}` : '',
          xattrs: {},
          ...(type === 'file' ? { sha256: hash.digest('hex') } : {}),
        });
      next();
    });
  });
  await new Promise((resolve, reject) => {
    reader.once('finish', () => resolve(undefined));
    reader.once('error', reject);
    Readable.from(tar).pipe(reader);
  });
  return { files, links, order };
}

describe('exportFiles', () => {
  const cases = FILES_CASES.filter(({ as }) => as !== 'error');

  it.each(cases.map((one) => [one.image, one] as const))(
    'writes the files of %s that containers see',
    async (_image, one) => {
      const { files, links, order } = await withLayers(one, async (stack) =>
        extracted(exportFiles(await readFileTree(stack), stack)),
      );
      const wanted = expectedFiles(treeOf(one));
      const all = new Map(files);
      all.delete('.');
      for (const [path, target] of links) {
        // The data of a hard link comes before it, so that any program finds it.
        expect(order.indexOf(target)).toBeLessThan(order.indexOf(path));
        const file = files.get(target);
        if (file !== undefined) all.set(path, file);
      }
      const plain = (entries: Iterable<readonly [string, ComparedFile]>): Record<string, unknown> =>
        Object.fromEntries([...entries].map(([path, file]) => [path, { ...file, xattrs: {} }]));
      expect(plain(all)).toEqual(plain(wanted));
      const groups = linkGroups([
        ...links,
        ...[...new Set(links.map(([, target]) => target))].map((path) => [path, path] as const),
      ]);
      const isFile = (paths: readonly string[]): boolean =>
        paths.every((path) => wanted.get(path)?.type === 'file');
      expect(groups.filter(isFile)).toEqual(
        linkGroups(
          treeOf(one)
            .filter(({ type }) => type === 'file')
            .map(({ path, hardlinks }) => [path, hardlinks] as const),
        ),
      );
      const directories = order.filter((path) => files.get(path)?.type === 'directory');
      expect(order.slice(order.length - directories.length)).toEqual(directories);
    },
  );

  it('writes what a ustar header cannot hold as PAX records', () => {
    const inode: Inode = {
      ...impliedDirectory(0),
      type: 'file',
      mode: 0o4755,
      uid: 4_000_000,
      gid: 5_000_000,
      size: 8 ** 11,
      mtime: -1.5,
      xattrs: new Map([
        ['user.note', 'hello'],
        ['security.capability', '\x01\x00\xff\n='],
      ]),
    };
    const path = `${'d/'.repeat(90)}\xe9`;
    const [entry] = new TarReader().push(encodeEntry(path, inode));
    expect(entry).toEqual({ path, hardLink: undefined, inode: { ...inode, index: 0 } });
    const [link] = new TarReader().push(encodeEntry('a', inode, path));
    expect(link).toMatchObject({ path: 'a', hardLink: path, inode: { size: 0 } });
  });
});
