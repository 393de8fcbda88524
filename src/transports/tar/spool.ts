import { randomBytes } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bytes } from '../../util/bytes.ts';
import { withTemporaryErrors } from '../../util/errno.ts';
import { makeFolder } from '../../util/make-folder.ts';
import { writeAll } from '../../util/regular-file.ts';

/** A temporary file without a name; it disappears when it is closed or the process ends. */
export interface Spool {
  readonly file: FileHandle;
  readonly path: string;
  readonly size: number;
}

/** @throws AppError NO_SPACE, IO naming the temporary directory */
export async function openUnnamedFile(folder: string): Promise<Pick<Spool, 'file' | 'path'>> {
  const path = join(folder, `regctl-${randomBytes(12).toString('hex')}.tmp`);
  await withTemporaryErrors(folder, () => makeFolder(folder));
  const file = await withTemporaryErrors(folder, () => open(path, 'wx+', 0o600));
  try {
    await withTemporaryErrors(folder, () => rm(path));
    return { file, path };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** @throws AppError NO_SPACE, IO naming the temporary directory */
export async function spool(bytes: Bytes, folder: string, signal?: AbortSignal): Promise<Spool> {
  const { file, path } = await openUnnamedFile(folder);
  try {
    let size = 0;
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      await withTemporaryErrors(folder, () => writeAll(file, chunk, size));
      size += chunk.byteLength;
    }
    return { file, path, size };
  } catch (error) {
    await file.close();
    throw error;
  }
}
