import { sanitize } from '../../errors/sanitize.ts';
import { AppError } from '../../errors/app-error.ts';
import { parseSpan } from '../../retention/patterns.ts';
import type { Storage } from '../../server/storage/types.ts';
import type { Context } from '../context.ts';
import { readText } from '../input/read.ts';
import type { Input } from '../types.ts';

const DEFAULT_TTL = '24h';
const SWEEP_MS = 60 * 60_000;

/** In milliseconds. @throws AppError USAGE, also for 0, which would end every upload at once */
export function readUploadTtl(input: Input): number {
  const ttl = parseSpan(readText(input, 'uploadTtl') ?? DEFAULT_TTL, '--upload-ttl');
  if (ttl > 0) return ttl;
  throw new AppError('USAGE', '--upload-ttl takes a time above 0', {
    hint: 'Uploads that a client may still go on with need at least an hour: 1h',
  });
}

/** Ends abandoned uploads now and every hour, until the returned function is called. */
export function expireUploads(
  context: Pick<Context, 'now' | 'note' | 'warn'>,
  { uploads }: Storage,
  ttl: number,
): () => void {
  const sweep = async (): Promise<void> => {
    try {
      const count = await uploads.expire(new Date(context.now().getTime() - ttl));
      if (count > 0) context.note(`${count} abandoned upload${count === 1 ? '' : 's'} removed`);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      context.warn(`cannot remove abandoned uploads: ${sanitize(cause)}`);
    }
  };
  let last = sweep();
  const timer = setInterval(() => {
    last = last.then(sweep);
  }, SWEEP_MS);
  timer.unref();
  return () => clearInterval(timer);
}
