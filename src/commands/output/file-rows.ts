import { base64Of, displayed, isUtf8, readable } from '../../image/tar/byte-text.ts';
import type { FileType, Inode, TarEntry } from '../../image/tar/entry.ts';
import type { ListedFile } from '../../image/files/list-files.ts';

/** A file in the JSON. */
export interface FileJson {
  /** Absolute; bytes that are not UTF-8 are U+FFFD. */
  readonly Path: string;
  /** The exact path, if it is not UTF-8. */
  readonly PathBase64?: string;
  readonly Type: FileType;
  /** Octal: "0755". */
  readonly Mode: string;
  readonly Uid: number;
  readonly Gid: number;
  readonly Size: number;
  /** RFC 3339; null if it is out of range. */
  readonly Modified: string | null;
  /** Target of a symbolic link. */
  readonly Link?: string;
  readonly LinkBase64?: string;
  /** Target of a hard link, in the list of one layer. */
  readonly HardLink?: string;
  readonly Device?: readonly [major: number, minor: number];
  /** Extended attributes in base64. */
  readonly Xattrs?: Readonly<Record<string, string>>;
  /** The layer that has the content; null for a directory without an entry. */
  readonly Layer: number | null;
}

export function fileJson({ path, inode, hardLink }: ListedFile & Partial<TarEntry>): FileJson {
  const { type, mode, uid, gid, size, link, device, xattrs } = inode;
  return {
    Path: readable(`/${path}`),
    ...(isUtf8(path) ? {} : { PathBase64: base64Of(`/${path}`) }),
    Type: type,
    Mode: octal(mode),
    Uid: uid,
    Gid: gid,
    Size: size,
    Modified: modified(inode),
    ...(link === undefined ? {} : { Link: readable(link) }),
    ...(link === undefined || isUtf8(link) ? {} : { LinkBase64: base64Of(link) }),
    ...(hardLink === undefined ? {} : { HardLink: readable(`/${hardLink}`) }),
    ...(device === undefined ? {} : { Device: device }),
    ...(xattrs === undefined ? {} : { Xattrs: xattrsJson(xattrs) }),
    Layer: inode.index < 0 ? null : inode.layer,
  };
}

function xattrsJson(xattrs: NonNullable<Inode['xattrs']>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...xattrs].map(([key, value]) => [readable(key), base64Of(value)] as const),
  );
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function modified({ mtime }: Inode): string | null {
  const date = new Date(mtime * 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** One line: the path, or all facts like `tar tv` with the layer. */
export function fileLine(file: ListedFile & Partial<TarEntry>, isLong: boolean): string {
  const path = `/${displayed(file.path)}`;
  if (!isLong) return path;
  const { inode, hardLink } = file;
  const size = inode.device?.join(',') ?? String(inode.size);
  const owner = `${inode.uid}/${inode.gid}`;
  const time = modified(inode)?.slice(0, 16).replace('T', ' ') ?? '-';
  const layer = inode.index < 0 ? '-' : String(inode.layer);
  const target =
    hardLink !== undefined
      ? ` link to /${displayed(hardLink)}`
      : inode.link !== undefined
        ? ` -> ${displayed(inode.link)}`
        : '';
  const kind = hardLink === undefined ? LETTERS[inode.type] : 'h';
  const columns = [
    `${kind}${permissions(inode.mode)}`,
    owner.padEnd(9),
    size.padStart(10),
    time.padEnd(16),
    layer.padStart(3),
  ];
  return `${columns.join(' ')} ${path}${target}`;
}

const LETTERS: Readonly<Record<FileType, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  char: 'c',
  block: 'b',
  fifo: 'p',
};

/** "rwxr-xr-x", with s and t for the set-id and sticky bits. */
function permissions(mode: number): string {
  const triple = (shift: number, special: boolean, letter: string): string => {
    const bits = (mode >> shift) & 7;
    const execute = (bits & 1) !== 0;
    const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-';
    return `${(bits & 4) === 0 ? '-' : 'r'}${(bits & 2) === 0 ? '-' : 'w'}${last}`;
  };
  return (
    triple(6, (mode & 0o4000) !== 0, 's') +
    triple(3, (mode & 0o2000) !== 0, 's') +
    triple(0, (mode & 0o1000) !== 0, 't')
  );
}
