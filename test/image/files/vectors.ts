import { readFileSync } from 'node:fs';
import { openLayers, type LayerStack } from '../../../src/image/files/image-files.ts';
import type { FileType } from '../../../src/image/tar/entry.ts';
import { openImage } from '../../../src/image/view.ts';
import type { ReadStore } from '../../../src/store/types.ts';
import { ociLayoutTransport } from '../../../src/transports/oci-layout/transport.ts';
import type { OpenContext } from '../../../src/transports/types.ts';

const VECTORS = new URL('../../vectors/edit/', import.meta.url);

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, VECTORS), 'utf8'));

/** A file as podman, containerd, umoci or GNU tar has it. */
export interface TreeEntry {
  readonly path: string;
  readonly pathBase64?: string;
  readonly type: 'file' | 'dir' | 'symlink' | 'char' | 'block' | 'fifo' | 'ghost';
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly size?: number;
  readonly sha256?: string;
  readonly link?: string;
  readonly linkBase64?: string;
  readonly device?: readonly number[];
  readonly xattrs?: Readonly<Record<string, string>>;
  readonly mtime?: number;
  readonly hardlinks?: number;
}

export interface CatCase {
  readonly path: string;
  readonly pathBase64?: string;
  readonly size?: number;
  readonly sha256?: string;
  readonly error?: 'ENOENT' | 'ELOOP' | 'ENOTDIR';
  readonly not_a_file?: string;
}

export interface FilesCase {
  readonly image: string;
  readonly digest: string;
  /** The program whose tree is right, or "error". */
  readonly as: string;
  readonly why?: string;
  readonly files?: string;
  readonly cat: readonly CatCase[];
}

const { cases, trees } = read('files.json') as {
  readonly cases: readonly FilesCase[];
  readonly trees: Readonly<Record<string, readonly TreeEntry[]>>;
};

export const FILES_CASES = cases;

export interface MalformedCase {
  readonly name: string;
  readonly validate: { readonly exit: number };
  readonly export: { readonly exit: number | 'not 0' | 'either' };
  readonly why: string;
}

export const MALFORMED = read('malformed.json') as readonly MalformedCase[];

/** The files that a container sees; entries of overlayfs that cannot be opened are left out. */
export function treeOf({ files = '' }: FilesCase): readonly TreeEntry[] {
  return (trees[files] ?? []).filter(({ type }) => type !== 'ghost');
}

export function openLayout(name: string): Promise<ReadStore> {
  const path = new URL(name, VECTORS).pathname;
  return ociLayoutTransport.openRead(ociLayoutTransport.parse(path), {} as OpenContext);
}

const HOST = { os: 'linux', architecture: 'amd64' };

/** Runs `task` with the layers of an image: "links:latest", or a digest. */
export async function withLayers<T>(
  { image, digest }: Pick<FilesCase, 'image' | 'digest'>,
  task: (stack: LayerStack) => Promise<T>,
): Promise<T> {
  await using store = await openLayout(`images/${image.split(':')[0] ?? ''}`);
  return await task(await openLayers(store, await openImage(store, digest, { host: HOST })));
}

/** A file in our terms, for a comparison that shows what differs. */
export interface ComparedFile {
  readonly type: FileType;
  readonly mode?: number;
  readonly owner: string;
  readonly size: number;
  readonly mtime?: number;
  readonly link: string;
  readonly device: string;
  readonly xattrs: Readonly<Record<string, string>>;
  readonly sha256?: string;
}

const bytes = (text: string | undefined, base64: string | undefined): string =>
  (base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64')).toString(
    'latin1',
  );

/** Modes of links and times of directories depend on the program that made the tree. */
export function expectedFiles(entries: readonly TreeEntry[]): Map<string, ComparedFile> {
  return new Map(
    entries
      .filter(({ path }) => path !== '/')
      .map((one) => [
        bytes(one.path, one.pathBase64),
        {
          type: one.type === 'dir' ? 'directory' : (one.type as FileType),
          ...(one.type === 'symlink' ? {} : { mode: Number.parseInt(one.mode, 8) }),
          owner: `${one.uid}/${one.gid}`,
          size: one.size ?? 0,
          ...(one.type === 'dir' ? {} : { mtime: one.mtime ?? 1_700_000_000 }),
          link: bytes(one.link, one.linkBase64),
          device: one.device?.join(',') ?? '',
          xattrs: sorted(one.xattrs ?? {}),
          ...(one.sha256 === undefined ? {} : { sha256: one.sha256 }),
        },
      ]),
  );
}

export function sorted(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Groups of paths that share an inode. */
export function linkGroups(
  files: Iterable<readonly [path: string, inode: unknown]>,
): readonly (readonly string[])[] {
  const groups = new Map<unknown, string[]>();
  for (const [path, inode] of files)
    if (inode !== undefined) groups.set(inode, [...(groups.get(inode) ?? []), path]);
  return [...groups.values()]
    .filter((paths) => paths.length > 1)
    .map((paths) => paths.toSorted())
    .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
}
