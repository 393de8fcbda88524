import { open, type FileHandle } from 'node:fs/promises';
import { AppError } from '../../errors/app-error.ts';
import { drain, type Bytes } from '../../util/bytes.ts';
import { errnoOf, onDisk, readChunks } from '../files/disk.ts';
import type { OpenContext } from '../types.ts';
import { MemberTable, TarArchive } from './archive.ts';
import { compressionOf, decompress, peekCompression } from './decompress.ts';
import { readMembers } from './members.ts';
import { PassingTar } from './stream.ts';
import { readAt, readRegion, type RandomAccess, type RegionOptions } from './random-access.ts';

/** In the place of a file: standard input or output. */
export const STDIO = '-';

/** An archive that can be read at any place, or one that passes once. */
export type OpenedTar = TarArchive | PassingTar;

/** What of a context reading an archive takes. */
export type TarContext = Pick<OpenContext, 'stdin' | 'tempDir'>;

/**
 * Opens an archive: a plain tar in a file is read in place. Standard input, a pipe and what is
 * compressed is a stream.
 * @throws AppError PATH_UNKNOWN, CORRUPT_ARCHIVE, UNSUPPORTED, IO
 */
export async function openTar(
  place: string,
  context: TarContext,
  signal?: AbortSignal,
): Promise<OpenedTar> {
  if (place === STDIO) {
    const where = 'standard input';
    return new PassingTar(where, await plain(context.stdin({ signal }), where));
  }
  const file = await openFile(place);
  let mine: FileHandle | undefined = file;
  try {
    const stat = await onDisk(place, () => file.stat());
    if (stat.isDirectory()) throw isFolder(place);
    if (stat.isFile() && compressionOf(await readAt(file, place, 0, 4), place) === 'none')
      return await index(file, place, stat.size, signal);
    mine = undefined;
    const again = async (): Promise<Bytes> =>
      plain(readChunks(await openFile(place), place, { signal }), place);
    const bytes = await plain(readChunks(file, place, { signal }), place);
    return new PassingTar(place, bytes, stat.isFile() ? again : undefined);
  } catch (error) {
    await mine?.close();
    throw error;
  }
}

/** Lets an archive pass, if it is one that passes, and leaves what can still be asked for. */
export async function settled(opened: OpenedTar, signal?: AbortSignal): Promise<TarArchive> {
  if (opened instanceof TarArchive) return opened;
  await drain(opened.files(signal));
  return opened.archive();
}

async function plain(bytes: Bytes, where: string): Promise<Bytes> {
  return decompress(await peekCompression(bytes, where), where);
}

async function openFile(place: string): Promise<FileHandle> {
  return onDisk(place, async () => {
    try {
      return await open(place, 'r');
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      throw new AppError('PATH_UNKNOWN', `${place}: there is no such file`);
    }
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
    read: (position, length, room) => readAt(file, path, position, length, room),
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

function isFolder(place: string): AppError {
  return new AppError('CORRUPT_ARCHIVE', `${place} is a folder, not an archive`, {
    hint: `For an OCI layout folder write oci:${place}, for a flat one dir:${place}.`,
  });
}
