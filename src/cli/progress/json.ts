import type { Progress, ProgressOptions } from './progress.ts';

/** Warnings are still told: silence hides what is going well, not what is going wrong. */
export function createNoProgress({ writeLine }: ProgressOptions): Progress {
  return {
    emit(event) {
      if (event.type === 'warning') writeLine(`warning: ${event.text}`);
    },
    close: () => undefined,
  };
}
