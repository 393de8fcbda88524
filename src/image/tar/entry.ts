import type { ByteText } from './byte-text.ts';

export type FileType = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo';

/**
 * What several names of a file share. Rare members are optional, because an image can have 100,000
 * of these. Lower layers count from 0. */
export interface Inode {
  readonly type: FileType;
  /** Permissions with the set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content; 0 for all but files. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Target of a symbolic link. */
  readonly link?: ByteText;
  readonly device?: readonly [major: number, minor: number];
  readonly xattrs?: ReadonlyMap<ByteText, ByteText>;
  /** The layer that holds it. */
  layer: number;
  /** Its position among the entries of that layer; -1 for a directory without an entry. */
  index: number;
}

/** One member of a layer. */
export interface TarEntry {
  /** Plain form: without "./", "//", ".." and "/" at either end; empty for the root. */
  readonly path: ByteText;
  /** Target of a hard link in plain form; then `inode` has no meaning. */
  readonly hardLink: ByteText | undefined;
  readonly inode: Inode;
}

/** An entry, then its content: bytes, or a number of zero bytes. */
export type TarEvent = TarEntry | Uint8Array | number;

export function isEntry(event: TarEvent): event is TarEntry {
  return typeof event === 'object' && 'inode' in event;
}

/** A directory that no layer has an entry for. */
export function impliedDirectory(layer: number): Inode {
  return {
    type: 'directory',
    mode: 0o755,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: 0,
    layer,
    index: -1,
  };
}
