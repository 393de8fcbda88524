import type { CopyEvent } from '../../copy/types.ts';
import type { ProgressMode } from '../args/global-flags.ts';
import { columnsOf, type Io, type OutputStream } from '../io.ts';
import type { Progress, ProgressOptions, WithStdout } from './types.ts';

/** Minimum width at which a bar is readable. */
const MIN_BAR_COLUMNS = 20;

/** `transcript` prints the lines of another tool and is chosen only by the program's name. */
type Form = Exclude<ProgressMode, 'auto'> | 'transcript';

/** Resolves `auto`: a bar on a terminal, lines in logs and on very narrow terminals. */
export function chooseProgress(
  mode: ProgressMode,
  quiet: boolean,
  stderr: OutputStream,
  env: Io['env'],
): Exclude<ProgressMode, 'auto'> {
  if (quiet) return 'none';
  const wide = columnsOf(stderr) >= MIN_BAR_COLUMNS;
  if (mode !== 'auto') return mode === 'bar' && stderr.isTTY === true && !wide ? 'plain' : mode;
  const person = stderr.isTTY === true && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === '';
  return person && wide ? 'bar' : 'plain';
}

/**
 * Loads the chosen form at the first event, so that a command without transfers does not load it.
 * Queues the events that arrive while it loads.
 */
export function createProgress(
  form: Form,
  options: ProgressOptions & WithStdout,
): Omit<Progress, 'close'> & { close(ok: boolean): Promise<void> } {
  let target: Progress | undefined;
  let closed = false;
  let loading: Promise<void> | undefined;
  let late: Promise<Progress> | undefined;
  const waiting: CopyEvent[] = [];

  const load = async (): Promise<void> => {
    const loaded = await loadProgress(form, options);
    waiting.splice(0).forEach((event) => loaded.emit(event));
    target = loaded;
  };

  /** Shows retries after the close: a list may still send requests while it is printed. */
  const emitLate = async (event: CopyEvent): Promise<void> => {
    late ??= loadProgress(form === 'bar' ? 'plain' : form, options);
    (await late).emit(event);
  };

  return {
    emit(event) {
      if (closed && event.type === 'retry') return void emitLate(event).catch(() => undefined);
      if (closed) return undefined;
      if (target !== undefined) return target.emit(event);
      waiting.push(event);
      // A copy must not fail because progress cannot be shown.
      loading ??= load().catch(() => undefined);
      return undefined;
    },
    async close(ok) {
      if (closed) return;
      closed = true;
      await loading;
      // A transcript also has lines for a copy without transfers.
      if (form === 'transcript') target ??= await loadProgress(form, options);
      target?.close(ok);
    },
  };
}

async function loadProgress(form: Form, options: ProgressOptions & WithStdout): Promise<Progress> {
  switch (form) {
    case 'bar':
      return (await import('./bar.ts')).createBarProgress(options);
    case 'plain':
      return (await import('./plain.ts')).createPlainProgress(options);
    case 'json':
      return (await import('./json.ts')).createJsonProgress(options);
    case 'transcript':
      return (await import('./transcript.ts')).createTranscript(options);
    case 'none':
      return (await import('./json.ts')).createNoProgress(options);
  }
}
