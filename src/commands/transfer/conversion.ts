import type { ReadStore } from '../../store/types.ts';
import type { Context } from '../context.ts';
import type { CopyFlags } from './flags.ts';

/** The source as it will be written; `undefined` where it is copied as it is. @throws AppError USAGE */
export async function openConverted(
  context: Pick<Context, 'flags' | 'note' | 'tempDir' | 'temporaries' | 'warn'>,
  source: ReadStore,
  { conversion, platforms, indexPlatform, preserveDigests, referrers }: CopyFlags,
): Promise<ReadStore | undefined> {
  if (conversion === undefined) return undefined;
  if (referrers) {
    context.note('what refers to an image is left behind where the image changes');
  }
  const { createConvertedStore } = await import('../../image/convert/store.ts');
  return createConvertedStore(source, {
    ...conversion,
    platforms: platforms.length > 0 || indexPlatform === undefined ? platforms : [indexPlatform],
    preserveDigests,
    tempDir: context.tempDir,
    temporaries: () => context.temporaries(),
    concurrency: context.flags.concurrency,
    note: (text) => context.note(text),
    warn: (text) => context.warn(text),
  });
}
