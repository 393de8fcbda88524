import { open, realpath, stat } from 'node:fs/promises';
import { AppError } from '../../errors/app-error.ts';
import { writeFileAtomic, type AtomicWriteOptions, type FileData } from '../../util/atomic-file.ts';
import { errnoOf, systemError } from '../../util/errno.ts';
import { isInherited } from '../../util/regular-file.ts';

const OUTPUT = /^\/dev\/std(?:out|err)$/u;

/**
 * Writes a file that the user named, completely or not at all. Keeps a symbolic link and replaces
 * its target; writes to a pipe or device (`/dev/stdout`) and never replaces it.
 * @throws AppError NO_SPACE, IO
 */
export async function writeNamedFile(
  path: string,
  data: FileData,
  options: AtomicWriteOptions = {},
): Promise<void> {
  try {
    await write(path, data, options);
  } catch (error) {
    // Not a matter of the file: where the data comes from failed.
    if (error instanceof AppError || errnoOf(error) === undefined) throw error;
    throw systemError(error, { verb: 'write', path });
  }
}

async function write(path: string, data: FileData, options: AtomicWriteOptions): Promise<void> {
  const target = await targetOf(path);
  if (target !== undefined) return writeFileAtomic(target, data, options);
  const stream = await open(path, 'a');
  try {
    await stream.writeFile(data);
  } finally {
    await stream.close();
  }
}

/** The file to replace; `undefined` for a pipe or device. */
async function targetOf(path: string): Promise<string | undefined> {
  if (isInherited(path) || OUTPUT.test(path)) return undefined;
  try {
    const found = await stat(path);
    return found.isFile() || found.isDirectory() ? await realpath(path) : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return path;
    throw error;
  }
}
