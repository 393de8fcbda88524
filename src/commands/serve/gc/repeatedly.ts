import type { GarbageReport } from '../../../server/gc/collect.ts';
import type { Context } from '../../context.ts';
import { causeText } from '../files.ts';
import { summaryOf } from './collect.ts';
import { repeat } from '../repeat.ts';

export interface CollectingOptions {
  /** Milliseconds; `undefined`: only at SIGUSR1. */
  readonly interval: number | undefined;
  readonly onCollected: (report: GarbageReport) => void;
}

/** Collects garbage at intervals and at each SIGUSR1, while the server answers, until disposed. */
export function collectRepeatedly(
  context: Pick<Context, 'note' | 'warn' | 'onSignal'>,
  collect: (signal: AbortSignal) => Promise<GarbageReport>,
  { interval, onCollected }: CollectingOptions,
): AsyncDisposable {
  const runs = repeat(async (signal) => {
    try {
      const report = await collect(signal);
      context.note(`gc: ${summaryOf(report)}`);
      for (const { repository, digest } of report.unreadable) {
        context.warn(`gc: cannot read ${repository}@${digest}: nothing was removed from it`);
      }
      onCollected(report);
    } catch (error) {
      if (!signal.aborted) context.warn(`gc: ${causeText(error)}`);
    }
  }, interval);
  const forget = context.onSignal('SIGUSR1', () => runs.run());
  return {
    async [Symbol.asyncDispose]() {
      forget();
      await runs[Symbol.asyncDispose]();
    },
  };
}
