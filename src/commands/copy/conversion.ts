import { AppError } from '../../errors/app-error.ts';
import type { ConvertOptions } from '../../image/convert/types.ts';
import type { ReadStore } from '../../store/types.ts';
import type { Context } from '../context.ts';
import type { Input } from '../types.ts';
import type { CopyFlags } from './flags.ts';
import { readInteger, readText } from '../input/read.ts';

/** What is to change on the way. */
export type Conversion = Pick<ConvertOptions, 'format' | 'compression'>;

/** `undefined` where nothing is to change. @throws AppError USAGE */
export function conversionOf(input: Input): Conversion | undefined {
  const format = readText(input, 'format') as ConvertOptions['format'];
  const compress = readText(input, 'destCompressFormat') as 'gzip' | 'zstd' | undefined;
  const level = readInteger(input, 'destCompressLevel', '--dest-compress-level');
  if (level !== undefined && compress === undefined) {
    throw new AppError('USAGE', '--dest-compress-level says how, not what', {
      hint: 'Add --dest-compress-format gzip or zstd.',
    });
  }
  if (format === undefined && compress === undefined) return undefined;
  return {
    format,
    ...(compress === undefined ? {} : { compression: { format: compress, level } }),
  };
}

/** The source as it will be written; `undefined` where it is copied as it is. @throws AppError USAGE */
export async function openConverted(
  context: Context,
  source: ReadStore,
  { conversion, platforms, preserveDigests, referrers }: CopyFlags,
): Promise<ReadStore | undefined> {
  if (conversion === undefined) return undefined;
  if (referrers) {
    context.note('what refers to an image is left behind where the image changes');
  }
  const { createConvertedStore } = await import('../../image/convert/store.ts');
  return createConvertedStore(source, {
    ...conversion,
    platforms,
    preserveDigests,
    tempDir: context.tempDir,
    temporaries: () => context.temporaries(),
    concurrency: context.flags.concurrency,
    note: (text) => context.note(text),
    warn: (text) => context.warn(text),
  });
}
