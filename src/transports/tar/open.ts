import { open, type FileHandle, stat } from 'node:fs/promises';
import { AppError } from '../../errors/app-error.ts';
import { closedBy, drain, type Bytes } from '../../util/bytes.ts';
import { readChunks, withDiskErrors } from '../files/disk.ts';
import { isInherited, NotRegularError, openRegularFile } from '../../util/regular-file.ts';
import { errnoOf } from '../../util/errno.ts';
import type { OpenContext } from '../types.ts';
import { MemberTable, TarArchive } from './archive.ts';
import { archiveCompressionOf, decompress, MAGIC_BYTES, peekCompression } from './decompress.ts';
import { readMembers } from './members.ts';
import { TarStream } from './stream.ts';
import { readAt, readRegion, type RandomAccess, type RegionOptions } from './random-access.ts';

/** Instead of a file name: standard input or output. */
export const STDIO = '-';

/** An archive with random access, or one that is streamed once. */
export type OpenedTar = TarArchive | TarStream;

/** The part of a context that reading an archive needs. */
export type TarContext = Pick<OpenContext, 'stdin' | 'tempDir'>;

/**
 * Opens an archive. A plain tar in a file is read in place; standard input, a pipe or a compressed
 * file is streamed.
 * @throws AppError PATH_UNKNOWN, CORRUPT_ARCHIVE, UNSUPPORTED, IO
 */
export async function openTar(
  path: string,
  context: TarContext,
  signal?: AbortSignal,
): Promise<OpenedTar> {
  if (path === STDIO) {
    const where = 'standard input';
    return new TarStream(where, await plain(context.stdin({ signal }), where));
  }
  const file = await openFile(path);
  let mine: FileHandle | undefined = file;
  try {
    const found = await withDiskErrors(path, () => file.stat());
    if (found.isDirectory()) throw isFolder(path);
    if (found.isFile() && (await isPlainTar(file, path)))
      return await index(file, path, found.size, signal);
    mine = undefined;
    const again = async (): Promise<Bytes> =>
      plain(readChunks(await openFile(path), path, { signal }), path);
    const bytes = await plain(readChunks(file, path, { signal }), path);
    // A stream of which nothing is read is closed, too.
    const closed = closedBy(bytes, () => file.close());
    return new TarStream(path, closed, found.isFile() ? again : undefined);
  } catch (error) {
    await mine?.close();
    throw error;
  }
}

/** Reads a streamed archive to its end and returns what can still be accessed. */
export async function readToEnd(opened: OpenedTar, signal?: AbortSignal): Promise<TarArchive> {
  if (opened instanceof TarArchive) return opened;
  await drain(opened.files(signal));
  return opened.archive();
}

async function isPlainTar(file: FileHandle, path: string): Promise<boolean> {
  return archiveCompressionOf(await readAt(file, path, 0, MAGIC_BYTES)) === 'none';
}

async function plain(bytes: Bytes, where: string): Promise<Bytes> {
  return decompress(await peekCompression(bytes), where);
}

/** Reads a pipe that the shell opened: opening it by name could wait for a writer forever. */
async function openFile(path: string): Promise<FileHandle> {
  if (isInherited(path)) return withDiskErrors(path, () => open(path, 'r'));
  return withDiskErrors(path, async () => {
    try {
      return (await openRegularFile(path, { follow: true })).file;
    } catch (error) {
      if (error instanceof NotRegularError)
        throw error.what === 'a directory' ? isFolder(path) : isPipe(path, error);
      if (errnoOf(error) !== 'ENOENT') throw error;
      throw new AppError('PATH_UNKNOWN', `file ${path} does not exist`);
    }
  });
}

function isPipe(path: string, { what }: NotRegularError): AppError {
  return new AppError('CORRUPT_ARCHIVE', `${path} is ${what}, not a file`, {
    hint: `Read it from standard input: name the archive "-" and add < ${path}`,
  });
}

async function index(
  file: FileHandle,
  path: string,
  size: number,
  signal: AbortSignal | undefined,
): Promise<TarArchive> {
  const access: RandomAccess = {
    size,
    read: (position, length, buffers) => readAt(file, path, position, length, buffers),
  };
  const members = new MemberTable(path);
  for await (const member of readMembers(access, path, signal)) members.add(member);
  const content = {
    open: (
      { offset, size: length }: { offset: number; size: number },
      call?: RegionOptions,
    ): Bytes => readRegion(access, offset, length, call),
    close: () => file.close(),
  };
  return new TarArchive(path, content, members);
}

function isFolder(path: string): AppError {
  return new AppError('CORRUPT_ARCHIVE', `${path} is a directory, not an archive`, {
    hint: `For an OCI layout, write oci:${path}, for a flat one dir:${path}.`,
  });
}

/**
 * Opens the archive that a write adds to; `undefined` if there is none: no file, an empty one or a
 * pipe.
 * @throws as openTar does
 */
export async function openExisting(
  path: string,
  context: TarContext,
  signal?: AbortSignal,
): Promise<TarArchive | undefined> {
  if (path === STDIO || !(await hasContent(path))) return undefined;
  try {
    return await readToEnd(await openTar(path, context, signal), signal);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, `${path} cannot be added to: ${error.message}`, {
      hint: 'Choose another file, or remove the name after the file to replace the file.',
      cause: error,
    });
  }
}

async function hasContent(path: string): Promise<boolean> {
  return withDiskErrors(path, async () => {
    try {
      const found = await stat(path);
      return found.isDirectory() || (found.isFile() && found.size > 0);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
  });
}
