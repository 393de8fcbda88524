import type { GarbageReport } from '../../server/gc/collect.ts';
import type { Storage } from '../../server/storage/types.ts';
import type { Context } from '../context.ts';
import type { Input } from '../types.ts';
import { readTime } from './amounts.ts';
import { causeText } from './files.ts';
import { readCollection, summaryOf } from './gc.ts';
import { repeat } from './repeat.ts';

export interface CollectingOptions {
  readonly onCollected?: ((report: GarbageReport) => void) | undefined;
}

/**
 * Collects garbage every `--gc-interval` and at each SIGUSR1, while the server answers, until it is
 * disposed.
 * @throws AppError USAGE
 */
export function collectRepeatedly(
  context: Pick<Context, 'now' | 'note' | 'warn' | 'onSignal'>,
  input: Input,
  storage: Storage,
  { onCollected }: CollectingOptions = {},
): AsyncDisposable {
  const collect = readCollection(context, input, storage);
  const runs = repeat(
    async (signal) => {
      try {
        const report = await collect(signal);
        context.note(`gc: ${summaryOf(report)}`);
        for (const { repository, digest } of report.unreadable) {
          context.warn(`gc: cannot read ${repository}@${digest}: nothing was removed from it`);
        }
        onCollected?.(report);
      } catch (error) {
        if (!signal.aborted) context.warn(`gc: ${causeText(error)}`);
      }
    },
    readTime(input, 'gcInterval'),
  );
  const forget = context.onSignal('SIGUSR1', () => runs.run());
  return {
    async [Symbol.asyncDispose]() {
      forget();
      await runs[Symbol.asyncDispose]();
    },
  };
}
