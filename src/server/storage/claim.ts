import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { errnoOf, systemError } from '../../util/errno.ts';
import { holdFileLock, type HeldLock, type HeldLockOptions } from './held-lock.ts';
import { isRecord } from '../../util/json.ts';
import { makeFolder } from '../../util/make-folder.ts';
import { readNamedFile } from '../../util/regular-file.ts';
import { adoptAll, escapeReserved } from './adopt.ts';
import { repositoriesBelow } from './disk.ts';
import { diskPaths, isThere } from './disk-paths.ts';

/** Layout that `createDiskStorage` writes. Layout 1 has no format file and no shared blobs. */
const LAYOUT = 2;
const FORMAT_FILE = 'regctl-registry.json';
const LOCK_FILE = 'regctl-registry.lock';
const MAX_FORMAT_BYTES = 4096;

/** How a directory is claimed for one process. */
export interface ClaimOptions extends HeldLockOptions {
  /** What to do if another process holds the directory. Default: choose another one. */
  readonly heldHint?: string | undefined;
}

/**
 * Prepares a directory for `createDiskStorage` and locks it against other processes until the lock
 * is released. Upgrades layout 1.
 * @throws AppError IO, NO_SPACE, CORRUPT_LAYOUT; UNSUPPORTED for the layout of a newer version
 * @example
 * import { claimDirectory } from '@regctl/cli/server';
 *
 * await using claim = await claimDirectory('./registry', { heldHint: 'Stop the other registry.' });
 * console.log(claim !== undefined); // true
 */
export function claimDirectory(directory: string, options: ClaimOptions = {}): Promise<HeldLock> {
  return accessing(directory, () => takeDirectory(directory, options));
}

/**
 * Checks that `createDiskStorage` can read a directory, even while a server uses it. Writes
 * nothing.
 * @throws AppError as `claimDirectory`
 */
export function inspectDirectory(
  directory: string,
  { mustBeRegistry = false }: { readonly mustBeRegistry?: boolean } = {},
): Promise<void> {
  return accessing(directory, async () => {
    const entries = await readdir(directory);
    if (mustBeRegistry && !entries.includes(FORMAT_FILE) && !entries.includes('repositories')) {
      throw new AppError('PATH_UNKNOWN', `cannot use ${directory}: it is not a registry`, {
        hint: 'Name the directory that "regctl serve --dir" uses.',
      });
    }
    await layoutOf(directory);
  });
}

async function accessing<T>(directory: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof AppError || errnoOf(error) === undefined) throw error;
    if (errnoOf(error) === 'EEXIST') {
      throw new AppError('IO', `cannot use ${directory}: it is not a directory`, { cause: error });
    }
    throw systemError(error, { verb: 'access', path: directory });
  }
}

async function takeDirectory(directory: string, options: ClaimOptions): Promise<HeldLock> {
  await makeFolder(directory);
  const lock = await holdFileLock(join(directory, LOCK_FILE), options);
  if (lock === undefined) {
    throw new AppError('IO', `cannot use ${directory}: another regctl serve uses it`, {
      hint: options.heldHint ?? 'Stop the other one, or choose another directory.',
    });
  }
  try {
    if ((await layoutOf(directory)) < LAYOUT) await bringUp(directory);
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function bringUp(directory: string): Promise<void> {
  const paths = diskPaths(directory);
  await escapeReserved(paths.root);
  await adoptAll(paths, await repositoriesBelow(paths.root));
  const text = `${JSON.stringify({ kind: 'regctl-registry', layout: LAYOUT })}\n`;
  await writeFileAtomic(join(directory, FORMAT_FILE), text);
}

/** @throws AppError UNSUPPORTED, CORRUPT_LAYOUT */
async function layoutOf(directory: string): Promise<number> {
  const file = join(directory, FORMAT_FILE);
  if (!(await isThere(file))) return 1;
  const { bytes } = await readNamedFile(file, MAX_FORMAT_BYTES);
  const layout = parseLayout(Buffer.from(bytes).toString('utf8'));
  if (layout === undefined) {
    throw new AppError('CORRUPT_LAYOUT', `cannot use ${directory}: ${FORMAT_FILE} is damaged`, {
      hint: 'Write {"kind":"regctl-registry","layout":2} to it if the directory is a registry.',
    });
  }
  if (layout > LAYOUT) {
    throw new AppError(
      'UNSUPPORTED',
      `cannot use ${directory}: it has layout ${layout}, this regctl knows ${LAYOUT}`,
      { hint: 'Update regctl.' },
    );
  }
  return layout;
}

function parseLayout(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const layout = isRecord(value) && value['kind'] === 'regctl-registry' && value['layout'];
    return typeof layout === 'number' ? layout : undefined;
  } catch {
    return undefined;
  }
}
