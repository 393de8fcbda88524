import { AppError } from '../../errors/app-error.ts';
import type { Storage } from '../../server/storage/types.ts';
import type { Context } from '../context.ts';
import type { Input } from '../types.ts';
import { readTime } from './amounts.ts';
import { causeText } from './files.ts';
import { repeat, type Repeated } from './repeat.ts';

const DEFAULT_TTL_MS = 24 * 60 * 60_000;
const SWEEP_MS = 60 * 60_000;

/** In milliseconds. @throws AppError USAGE, also for 0, which would end every upload at once */
export function readUploadTtl(input: Input): number {
  const ttl = readTime(input, 'uploadTtl') ?? DEFAULT_TTL_MS;
  if (ttl > 0) return ttl;
  throw new AppError('USAGE', '--upload-ttl takes a time above 0', {
    hint: 'Uploads that a client may still go on with need at least an hour: 1h',
  });
}

/** Ends abandoned uploads now and every hour, until it is disposed. */
export function expireUploads(
  context: Pick<Context, 'now' | 'note' | 'warn'>,
  { uploads }: Storage,
  ttl: number,
): Repeated {
  const sweeps = repeat(async () => {
    try {
      const count = await uploads.expire(new Date(context.now().getTime() - ttl));
      if (count > 0) context.note(`${count} abandoned upload${count === 1 ? '' : 's'} removed`);
    } catch (error) {
      context.warn(`cannot remove abandoned uploads: ${causeText(error)}`);
    }
  }, SWEEP_MS);
  sweeps.run();
  return sweeps;
}
