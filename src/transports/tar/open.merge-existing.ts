import { AppError } from '../../errors/app-error.ts';
import { stat } from 'node:fs/promises';
import { onDisk, errnoOf } from '../files/disk.ts';
import type { TarArchive } from './archive.ts';
import { openTar, settled, STDIO, type TarContext } from './open.ts';

/**
 * The archive that a write adds to; `undefined` where there is none yet: no file, an empty one,
 * a pipe. @throws as openTar does
 */
export async function openExisting(
  place: string,
  context: TarContext,
  signal?: AbortSignal,
): Promise<TarArchive | undefined> {
  if (place === STDIO || !(await hasContent(place))) return undefined;
  try {
    return await settled(await openTar(place, context, signal), signal);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, `${place} cannot be added to: ${error.message}`, {
      hint: 'Choose another file, or leave the name behind the file out to write it anew.',
      cause: error,
    });
  }
}

async function hasContent(place: string): Promise<boolean> {
  return onDisk(place, async () => {
    try {
      const found = await stat(place);
      return found.isDirectory() || (found.isFile() && found.size > 0);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
  });
}
