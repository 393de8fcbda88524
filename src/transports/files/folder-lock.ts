import { basename, dirname, join } from 'node:path';
import { withFileLock, type LockOptions } from '../../util/file-lock.ts';
import type { Temporaries } from '../../util/temporaries.ts';
import { withDiskErrors } from './disk.ts';

/** How a directory is locked against other processes. */
export interface FolderOptions extends Pick<LockOptions, 'staleMs'> {
  readonly temporaries: Temporaries;
}

type Call = FolderOptions & Pick<LockOptions, 'signal'>;

/** Runs `task` while it holds the lock of this directory. @throws AppError IO, and as `task` */
export function withFolderLock<T>(
  folder: string,
  options: Call,
  task: () => Promise<T>,
): Promise<T> {
  return locked(join(folder, '.regctl.lock'), options, task);
}

/** Runs `task` while it holds the lock of this file. @throws AppError IO, and as `task` */
export function withLockBeside<T>(path: string, options: Call, task: () => Promise<T>): Promise<T> {
  return locked(join(dirname(path), `.${basename(path)}.regctl-lock`), options, task);
}

function locked<T>(path: string, options: Call, task: () => Promise<T>): Promise<T> {
  return withDiskErrors(path, () => withFileLock(path, task, options));
}
