import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import type { Context } from '../context.ts';
import { readText } from '../input/read.ts';
import type { Input } from '../types.ts';

/** @throws AppError USAGE without --dir */
export function readDirectory({ cwd }: Pick<Context, 'cwd'>, input: Input, action: string): string {
  const dir = readText(input, 'dir');
  if (dir !== undefined) return resolve(cwd, dir);
  throw new AppError('USAGE', `"serve ${action}" needs --dir`, {
    hint: `Name the directory of the registry: regctl serve ${action} --dir ./registry`,
  });
}
