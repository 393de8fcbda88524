import { createProgressState } from './state.ts';
import { finalLine, retryLine, totalLine } from './text.ts';
import type { Progress, ProgressOptions } from './types.ts';
import { formatSize } from '../../util/text/units.ts';
import { shortDigest } from '../../oci/digest.ts';

/** Maximum time between two lines while bytes move. */
const SUMMARY_EVERY_MS = 10_000;

const OUTCOME = { written: 'written', mounted: 'mounted', present: 'already there' } as const;

/** Prints lines for logs: one for each finished blob, and a summary every ten seconds. */
export function createPlainProgress({
  now,
  writeLine,
}: Pick<ProgressOptions, 'now' | 'writeLine'>): Progress {
  const state = createProgressState(now);
  let summaryAt = now().getTime() + SUMMARY_EVERY_MS;

  const summarise = (): void => {
    const at = now().getTime();
    if (at < summaryAt) return;
    summaryAt = at + SUMMARY_EVERY_MS;
    writeLine(totalLine(state));
  };

  return {
    emit(event) {
      const known = 'descriptor' in event && state.node(event.descriptor.digest)?.outcome;
      state.apply(event);
      if (event.type === 'end' && (known === false || known === undefined)) {
        const { digest, size } = event.descriptor;
        const { ended, found } = state.totals();
        const count = `(${ended}/${found})`;
        writeLine(
          `${shortDigest(digest)}  ${formatSize(size)}  ${OUTCOME[event.outcome]}  ${count}`,
        );
      }
      if (event.type === 'retry') writeLine(retryLine(event));
      if (event.type === 'warning') writeLine(`warning: ${event.text}`);
      summarise();
    },
    close(ok) {
      const totals = state.totals();
      if (ok && totals.ended > 0) writeLine(finalLine(totals, state.elapsed()));
    },
  };
}
