import { errnoOf, systemError } from '../../util/errno.ts';
import { lstat, type FileHandle } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { AppError } from '../../errors/app-error.ts';
import type { Bytes } from '../../util/bytes.ts';
import {
  NotRegularError,
  openRegularFile,
  type OpenRegularOptions,
} from '../../util/regular-file.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Runs one file-system operation. @throws AppError NO_SPACE, IO, naming `path` */
export async function withDiskErrors<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (error instanceof NotRegularError) throw notRegular(error);
    if (errnoOf(error) === undefined) throw error;
    throw systemError(error, { verb: 'access', path });
  }
}

function notRegular(error: NotRegularError): AppError {
  return new AppError('CORRUPT_LAYOUT', error.message, {
    hint: 'An image is kept in regular files; copy the directory with its links resolved (cp -rL).',
    cause: error,
  });
}

export interface OpenedFile {
  readonly file: FileHandle;
  readonly stat: BigIntStats;
}

/**
 * Opens a regular file without following a link: an untrusted layout may contain a blob that is a
 * link to /etc/passwd. `undefined` if there is no file.
 * @throws AppError CORRUPT_LAYOUT for a link, directory, pipe or device
 */
export async function openRegular(
  path: string,
  options: OpenRegularOptions = {},
): Promise<OpenedFile | undefined> {
  return withDiskErrors(path, async () => {
    try {
      return await openRegularFile(path, options);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** Reads a whole small file; `undefined` if there is none. @throws AppError CORRUPT_LAYOUT, IO */
export async function readSmall(path: string, max: number): Promise<Uint8Array | undefined> {
  return (await readSmallUnless(path, max, undefined))?.bytes;
}

/** The content and version of a small file. */
export interface SmallFile {
  /** Absent if the file has not changed since it was last read. */
  readonly bytes: Uint8Array | undefined;
  /** Different for every version of the file. */
  readonly version: string;
}

/** Reads like readSmall, but skips a file that still has the version `known`. */
export async function readSmallUnless(
  path: string,
  max: number,
  known: string | undefined,
): Promise<SmallFile | undefined> {
  if (known !== undefined && (await versionNow(path)) === known)
    return { version: known, bytes: undefined };
  const opened = await openRegular(path);
  if (opened === undefined) return undefined;
  const { file, stat } = opened;
  try {
    if (stat.size > max)
      throw new AppError('CORRUPT_LAYOUT', `${path} is larger than ${max} bytes`);
    const bytes = await withDiskErrors(path, () => file.readFile());
    return { version: versionOf(stat), bytes };
  } finally {
    await file.close();
  }
}

function versionOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [ino, size, mtimeNs, ctimeNs].join(' ');
}

async function versionNow(path: string): Promise<string | undefined> {
  return withDiskErrors(path, async () => {
    try {
      return versionOf(await lstat(path, { bigint: true }));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** Provides buffers for one read, no larger than needed: many small files may be open at a time. */
export function bufferProvider(fleeting: boolean | undefined): (length: number) => Buffer {
  let kept: Buffer | undefined;
  return (length) => {
    if (kept !== undefined && kept.byteLength >= length) return kept;
    const buffer = Buffer.allocUnsafeSlow(length);
    if (fleeting === true) kept = buffer;
    return buffer;
  };
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes to read. Default: to the end. */
  readonly size?: number;
  /** See OpenOptions. */
  readonly reuseChunks?: boolean | undefined;
}

/** Reads an open file to its end, or `size` bytes, and closes it. */
export async function* readChunks(
  file: FileHandle,
  path: string,
  { signal, size = Infinity, reuseChunks }: ReadOptions = {},
): Bytes {
  const room = bufferProvider(reuseChunks);
  try {
    for (let left = size; left > 0;) {
      signal?.throwIfAborted();
      const length = Math.min(CHUNK_BYTES, left);
      const buffer = room(length);
      const { bytesRead } = await withDiskErrors(path, () => file.read(buffer, 0, length, null));
      if (bytesRead === 0) return;
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
