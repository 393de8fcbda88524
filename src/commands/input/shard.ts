import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Shard } from '../../sync/naming.ts';
import { readText } from './read.ts';
import type { Input } from '../types.ts';

/** @throws AppError USAGE */
export function readShard(input: Input): Shard | undefined {
  const text = readText(input, 'shard');
  if (text === undefined) return undefined;
  const [, i, n] = /^(\d{1,5})\/(\d{1,5})$/u.exec(text) ?? [];
  const [index, count] = [Number(i), Number(n)];
  if (index >= 1 && index <= count) return { index, count };
  throw new AppError('USAGE', `--shard takes I/N with I from 1 to N, not "${sanitize(text)}"`, {
    hint: 'For example --shard 2/5.',
  });
}
