import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { systemError } from '../../util/errno.ts';
import type { Context } from '../context.ts';

/** Reads a file, or standard input for "-" or no name. @throws AppError IO, USAGE */
export function inputBytes(
  { cwd, stdin }: Pick<Context, 'cwd' | 'stdin'>,
  file: string | undefined,
  options: CallOptions,
): Bytes {
  return file === undefined || file === '-'
    ? stdin(options)
    : fileBytes(resolve(cwd, file), options);
}

async function* fileBytes(path: string, { signal }: CallOptions): Bytes {
  try {
    for await (const chunk of createReadStream(path, { signal })) yield chunk as Uint8Array;
  } catch (error) {
    signal?.throwIfAborted();
    throw systemError(error, { verb: 'read', path });
  }
}
