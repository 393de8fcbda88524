import { AppError } from '../errors/app-error.ts';
import type { Result } from '../commands/result.ts';
import { createTrace } from './output/trace.ts';
import { createStdio } from './output/stdio.ts';
import { formatDuration } from './args/duration.ts';
import type { Io } from './io.ts';
import { createMessages } from './output/messages.ts';
import type { Parsed } from './args/parse.ts';
import { watchLargeTransfers } from './progress/large.ts';
import { chooseProgress, createProgress } from './progress/progress.ts';
import { withGrace } from './process/grace.ts';
import { listenForSignals } from './process/signals.ts';
import { createStyle, wantsColour } from './output/style.ts';
import type { Template } from './template/render.ts';
import {
  ClosedPipeError,
  closedOutputError,
  createWriter,
  watchOutput,
  type Writer,
} from './output/writer.ts';

/** Why the command last waited to try again. */
interface Waits {
  last: string | undefined;
}

type Invocation = Extract<Parsed, { kind: 'run' }>;

/** How long an interrupted command may put things away before it is given up. */
const GRACE_MS = 1800;

/** Runs one command and writes its result. Resolves to the exit status. */
export async function runCommand(io: Io, invocation: Invocation, stdout: Writer): Promise<number> {
  const controller = new AbortController();
  const { signal } = controller;
  const { timeoutMs } = invocation.flags;
  const waits: Waits = { last: undefined };
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => controller.abort(tooLong(timeoutMs, waits.last)), timeoutMs);
  const stopListening = listenForSignals(io, controller);
  watchOutput(io.stdout, (error) => controller.abort(error));
  try {
    return await withGrace(perform(io, invocation, stdout, { signal, waits }), signal, GRACE_MS);
  } catch (error) {
    // Whatever an abort made fail, the reason of the abort is what happened.
    if (signal.aborted && !(error instanceof ClosedPipeError)) throw signal.reason as Error;
    throw error;
  } finally {
    clearTimeout(timer);
    stopListening();
  }
}

async function perform(
  io: Io,
  { spec, input, flags }: Invocation,
  stdout: Writer,
  { signal, waits }: { readonly signal: AbortSignal; readonly waits: Waits },
): Promise<number> {
  if (spec.printsResult === true && !flags.quiet && io.isOutputClosed?.() === true) {
    throw closedOutputError();
  }
  const template =
    flags.format === undefined
      ? undefined
      : (await import('./template/render.ts')).compileTemplate(flags.format);
  const colour = wantsColour(io.stderr, io.env, flags.noColor);
  const messages = createMessages(io.stderr, {
    quiet: flags.quiet,
    style: await createStyle(io.stderr, colour),
  });
  const progress = createProgress(chooseProgress(flags.progress, flags.quiet, io.stderr, io.env), {
    stderr: io.stderr,
    now: io.now,
    writeLine: messages.line,
    colour,
  });
  const [{ rejectSharedSecrets, createContext }, { createTerminal }, module] = await Promise.all([
    import('./context.ts'),
    import('./process/terminal.ts'),
    spec.load(),
    spec.longRunning === true ? loadConnections() : undefined,
  ]);
  if (spec.longRunning === true) io.onLongRun?.();
  const context = await createContext({
    io,
    flags,
    messages,
    terminal: createTerminal(io),
    emit: watchLargeTransfers((event) => {
      if (event.type === 'retry') waits.last = event.reason;
      progress.emit(event);
    }, io.onLarge),
    trace: createTrace(flags.debug, messages.line, io.now),
    stdio: createStdio(io, stdout),
    shortLived: spec.longRunning !== true,
  });
  let done = false;
  try {
    if (spec.hasSourceAndDestination === true) rejectSharedSecrets(flags, input.args, context);
    const result = await module.run(context, input, { signal });
    await progress.close(true);
    await render(io, result, { flags, template, stdout });
    done = true;
    return (typeof result.exit === 'function' ? result.exit() : result.exit) ?? 0;
  } finally {
    if (!done) await progress.close(false);
    await context[Symbol.asyncDispose]();
  }
}

async function loadConnections(): Promise<void> {
  const { loadUndici } = await import('../http/exchange/undici.ts');
  await loadUndici();
}

async function render(
  io: Io,
  result: Result,
  options: {
    readonly flags: Invocation['flags'];
    readonly template: Template | undefined;
    readonly stdout: Writer;
  },
): Promise<void> {
  const { flags, template, stdout } = options;
  const toStderr = result.stream === 'stderr';
  const stream = toStderr ? io.stderr : io.stdout;
  const writer = toStderr ? createWriter(io.stderr) : stdout;
  const style = await createStyle(stream, wantsColour(stream, io.env, flags.noColor));
  const { writeResult } = await import('./output/result.ts');
  await writeResult(result, { format: flags.output, template }, writer, style);
}

/** `reason`: of the last wait, be it over or not. */
function tooLong(ms: number, reason: string | undefined): AppError {
  return new AppError('TIMEOUT', `timed out after ${formatDuration(ms)}`, {
    why: reason === undefined ? [] : [`the last try failed: ${reason}`],
    hint: 'Raise --command-timeout, or check the registry: regctl doctor REGISTRY',
  });
}
