import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { claimDirectory, inspectDirectory } from '../../server/storage/claim.ts';
import { createDiskStorage } from '../../server/storage/disk.ts';
import { createMemoryStorage } from '../../server/storage/memory.ts';
import type { Storage } from '../../server/storage/types.ts';
import { limitUploads } from '../../server/upload-limit.ts';
import type { Context } from '../context.ts';
import { readFlag, readText } from '../input/read.ts';
import type { Input } from '../types.ts';
import { readSize } from './amounts.ts';

export interface Place extends AsyncDisposable {
  readonly storage: Storage;
  readonly lasts: boolean;
  /** @throws system errors if the directory cannot be used */
  readonly ready: () => Promise<void>;
}

/** Opens the storage and locks its directory until disposed. @throws as `claimDirectory` */
export async function openStorage(
  context: Pick<Context, 'cwd' | 'temporaries'>,
  input: Input,
  onLost: (reason: AppError) => void,
): Promise<Place> {
  const limit = readSize(input, 'maxUploads');
  const limited = (storage: Storage): Storage =>
    limit === undefined ? storage : { ...storage, uploads: limitUploads(storage.uploads, limit) };
  const dir = readText(input, 'dir');
  if (dir === undefined) {
    return {
      storage: limited(createMemoryStorage()),
      lasts: false,
      ready: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  const directory = resolve(context.cwd, dir);
  const readOnly = readFlag(input, 'readOnly');
  const storage = limited(createDiskStorage(directory, { readOnly }));
  const mode = readOnly ? constants.R_OK : constants.R_OK | constants.W_OK;
  const place = { storage, lasts: true, ready: () => access(directory, mode) };
  if (readOnly) {
    await inspectDirectory(directory);
    return { ...place, [Symbol.asyncDispose]: async () => undefined };
  }
  const lock = await claimDirectory(directory, {
    temporaries: await context.temporaries(),
    onLost: () => {
      onLost(new AppError('IO', `cannot go on with ${directory}: another regctl serve took it`));
    },
  });
  return { ...place, [Symbol.asyncDispose]: () => lock.release() };
}
