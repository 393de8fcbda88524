import { errnoOf } from './errno.ts';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a directory and its parents. Node's own `recursive` never ends on a file system that reports an
 * existing parent as missing, as /proc does. @throws the system's error
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  const made = await tryMake(path, mode);
  if (made === undefined) return;
  const parent = dirname(path);
  if (!made.parentMissing || parent === path) throw made.error;
  if (!(await isFolder(parent))) await makeFolder(parent, mode);
  // Another process may just have made the parent, so the second answer counts.
  const again = await tryMake(path, mode);
  if (again !== undefined) throw again.error;
}

interface Failure {
  readonly error: unknown;
  readonly parentMissing: boolean;
}

/** `undefined` if the directory is there, whoever made it. */
async function tryMake(path: string, mode: number | undefined): Promise<Failure | undefined> {
  try {
    await mkdir(path, mode);
    return undefined;
  } catch (error) {
    if (await isFolder(path)) return undefined;
    return { error, parentMissing: errnoOf(error) === 'ENOENT' };
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
