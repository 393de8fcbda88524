import type { Progress, ProgressOptions } from './types.ts';
import { safeJson } from '../../errors/sanitize.ts';

/** Every event as a line of JSON on stderr. */
export function createJsonProgress({ stderr }: Pick<ProgressOptions, 'stderr'>): Progress {
  return {
    emit: (event) => void stderr.write(`${safeJson(JSON.stringify(event))}\n`),
    close: () => undefined,
  };
}

/** Only warnings are printed: silence hides what goes well, not what goes wrong. */
export function createNoProgress({ writeLine }: ProgressOptions): Progress {
  return {
    emit(event) {
      if (event.type === 'warning') writeLine(`warning: ${event.text}`);
    },
    close: () => undefined,
  };
}
