import type { BigIntStats } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { AppError } from '../../errors/app-error.ts';
import type { ByteText } from '../../image/tar/byte-text.ts';
import { impliedDirectory, type FileType, type Inode } from '../../image/tar/entry.ts';
import { encodeEntry, END_BYTES, padding } from '../../image/tar/writer.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { systemError } from '../../util/errno.ts';

export interface DirectoryTarOptions extends CallOptions {
  /** Seconds since 1970 for all entries. Absent: as on the disk. */
  readonly mtime: number | undefined;
  /** Told of what is left out: sockets and devices. */
  readonly warn: (text: string) => void;
}

const CHUNK_BYTES = 256 * 1024;

/**
 * A tar of what a directory holds, the same for the same files: sorted by name, owned by root.
 * @throws AppError IO, PATH_UNKNOWN
 */
export async function* directoryTar(root: string, options: DirectoryTarOptions): Bytes {
  const links = new Map<string, ByteText>();
  yield* folderEntries(Buffer.from(root), '', links, options);
  yield END_BYTES;
}

async function* folderEntries(
  folder: Buffer,
  prefix: ByteText,
  links: Map<string, ByteText>,
  options: DirectoryTarOptions,
): Bytes {
  const names = await onDisk(folder, () => readdir(folder, { encoding: 'buffer' }));
  for (const name of names.toSorted((a, b) => Buffer.compare(a, b))) {
    options.signal?.throwIfAborted();
    const at = Buffer.concat([folder, Buffer.from('/'), name]);
    const path = `${prefix}${name.toString('latin1')}`;
    const stat = await onDisk(at, () => lstat(at, { bigint: true }));
    const type = typeOf(stat);
    if (type === undefined) {
      options.warn(`${at.toString()} is a socket or a device: left out`);
      continue;
    }
    const inode = await inodeOf(at, stat, type, options);
    const known = `${stat.dev} ${stat.ino}`;
    const first = links.get(known);
    if (first !== undefined && type !== 'directory') {
      yield encodeEntry(path, inode, first);
      continue;
    }
    if (stat.nlink > 1n) links.set(known, path);
    yield encodeEntry(path, inode);
    if (type === 'file') yield* content(at, inode.size, options);
    if (type === 'directory') yield* folderEntries(at, `${path}/`, links, options);
  }
}

function typeOf(stat: BigIntStats): FileType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  return stat.isFIFO() ? 'fifo' : undefined;
}

async function inodeOf(
  at: Buffer,
  stat: BigIntStats,
  type: FileType,
  { mtime }: DirectoryTarOptions,
): Promise<Inode> {
  const isLink = type === 'symlink';
  const link = isLink
    ? await onDisk(at, () => readlink(at, { encoding: 'buffer' }))
    : Buffer.alloc(0);
  return {
    ...impliedDirectory(0),
    type,
    // A link's own bits differ between systems, and mean nothing.
    mode: isLink ? 0o777 : Number(stat.mode) & 0o7777,
    size: type === 'file' ? Number(stat.size) : 0,
    mtime: mtime ?? Math.floor(Number(stat.mtimeMs) / 1000),
    link: link.toString('latin1'),
  };
}

/** Exactly `size` bytes: a file that changes meanwhile would break the archive. */
async function* content(at: Buffer, size: number, { signal }: CallOptions): Bytes {
  const file = await onDisk(at, () => open(at, 'r'));
  try {
    let done = 0;
    while (done < size) {
      signal?.throwIfAborted();
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - done));
      const position = done;
      const { bytesRead } = await onDisk(at, () =>
        file.read(buffer, 0, buffer.byteLength, position),
      );
      if (bytesRead === 0) throw changed(at);
      done += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
  yield padding(size);
}

async function onDisk<T>(path: Buffer, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw systemError(error, { verb: 'read', path: path.toString() });
  }
}

function changed(path: Buffer): AppError {
  return new AppError('IO', `cannot append ${path.toString()}: it got shorter while it was read`, {
    hint: 'Append it again when no program writes to it.',
  });
}
