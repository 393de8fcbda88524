import { columnsOf, keepColumns } from '../io.ts';
import { createProgressState } from './state.ts';
import { activeRows, finalLine, retryLine, totalLine } from './text.ts';
import type { Progress, ProgressOptions } from './types.ts';

/** Shows a line for each running transfer, and the total next to a spinner (ora). */
export async function createBarProgress(options: ProgressOptions): Promise<Progress> {
  const { stderr, now, writeLine, colour } = options;
  const { default: ora } = await import('ora');
  const state = createProgressState(now);
  const width = (): number => columnsOf(stderr);
  const spinner = ora({
    stream: keepColumns(stderr),
    isEnabled: true,
    // Ctrl-C must reach the process as a signal.
    discardStdin: false,
    color: colour ? 'cyan' : false,
    prefixText: () => activeRows(state, now(), width()),
    suffixText: () => totalLine(state).slice(0, Math.max(1, width() - 4)),
  });
  let open = false;

  return {
    emit(event) {
      state.apply(event);
      if (!open && 'descriptor' in event) {
        open = true;
        spinner.start();
      }
      // Ora clears its lines around other writes to the terminal.
      if (event.type === 'retry') writeLine(retryLine(event));
      if (event.type === 'warning') writeLine(`warning: ${event.text}`);
    },
    close(ok) {
      if (!open) return;
      open = false;
      spinner.stop();
      const totals = state.totals();
      if (ok && totals.ended > 0) writeLine(finalLine(totals, state.elapsed()));
    },
  };
}
