import type { Progress, ProgressOptions } from './progress.ts';
import { safeJson } from '../../errors/sanitize.merge-text-safety.ts';

/** Every event as a line of JSON on stderr. */
export function createJsonProgress({ stderr }: Pick<ProgressOptions, 'stderr'>): Progress {
  return {
    emit: (event) => void stderr.write(`${safeJson(JSON.stringify(event))}\n`),
    close: () => undefined,
  };
}
