import { AppError } from '../../errors/app-error.ts';
import { stat } from 'node:fs/promises';
import { withDiskErrors, errnoOf } from '../files/disk.ts';
import type { TarArchive } from './archive.ts';
import { openTar, readToEnd, STDIO, type TarContext } from './open.ts';

/**
 * The archive that a write adds to; `undefined` where there is none yet: no file, an empty one,
 * a pipe. @throws as openTar does
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
      hint: 'Choose another file, or leave the name behind the file out to write it anew.',
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
