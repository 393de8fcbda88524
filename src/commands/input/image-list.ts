import { resolve } from 'node:path';
import type { CallOptions } from '../../util/abort.ts';
import { systemError } from '../../util/errno.ts';
import { readNamedFile } from '../../util/regular-file.ts';
import type { Context } from '../context.ts';

/** A name in a list, and its position: "images.txt:3". */
export interface ListedName {
  readonly name: string;
  readonly where: string;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** Reads names, one per line, from a file or "-"; skips empty and "#" lines. @throws AppError IO */
export async function readNames(
  { cwd, terminal }: Pick<Context, 'cwd' | 'terminal'>,
  file: string,
  options: CallOptions,
): Promise<readonly ListedName[]> {
  const text =
    file === '-'
      ? await terminal.readStdin(MAX_BYTES, options)
      : await readText(resolve(cwd, file), file, options);
  return text.split(/\r?\n/u).flatMap((line, at) => {
    const name = line.trim();
    return name === '' || name.startsWith('#') ? [] : [{ name, where: `${file}:${at + 1}` }];
  });
}

async function readText(path: string, file: string, options: CallOptions): Promise<string> {
  try {
    const { bytes } = await readNamedFile(path, MAX_BYTES, options);
    return Buffer.from(bytes).toString('utf8');
  } catch (error) {
    options.signal?.throwIfAborted();
    throw systemError(error, { verb: 'read', path: file });
  }
}
