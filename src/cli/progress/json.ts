import type { Progress, ProgressOptions } from './types.ts';
import { safeJson } from '../../errors/sanitize.ts';

/** Writes each event as a line of JSON to stderr. */
export function createJsonProgress({ stderr }: Pick<ProgressOptions, 'stderr'>): Progress {
  return {
    emit: (event) => void stderr.write(`${safeJson(JSON.stringify(event))}\n`),
    close: () => undefined,
  };
}

/** Prints only warnings, which `--quiet` does not hide. */
export function createNoProgress({ writeLine }: ProgressOptions): Progress {
  return {
    emit(event) {
      if (event.type === 'warning') writeLine(`warning: ${event.text}`);
    },
    close: () => undefined,
  };
}
