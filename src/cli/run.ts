import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { AppError } from '../errors/app-error.ts';
import type { Result } from '../commands/result.ts';
import type { CommandSpec, Input } from '../commands/types.ts';
import { createTrace } from './output/trace.ts';
import { createStdio } from './output/stdio.ts';
import { formatDuration } from './args/duration.ts';
import type { Io } from './io.ts';
import { createMessages } from './output/messages.ts';
import type { Parsed } from './args/parse.ts';
import type { Manner, Prints } from './personas/types.ts';
import { isRecord } from '../util/json.ts';
import { watchLargeTransfers } from './progress/large.ts';
import { watchManyContents } from './progress/many.ts';
import { chooseProgress, createProgress } from './progress/progress.ts';
import { createWaits, type Waits } from './process/waits.ts';
import { withGrace } from './process/grace.ts';
import { listenForSignals } from './process/signals.ts';
import { createStyle, wantsColour } from './output/style.ts';
import type { Template } from '../util/template/render.ts';
import {
  ClosedPipeError,
  closedOutputError,
  createWriter,
  watchOutput,
  type Writer,
} from './output/writer.ts';

type Invocation = Extract<Parsed, { kind: 'run' }>;

const RUN_AGAIN = 'To continue, run it again: only what is missing is sent.';

/** How long an interrupted command may clean up. */
const GRACE_MS = 1800;

/** Runs one command and writes its result. Resolves to the exit status. */
export async function runCommand(
  io: Io,
  invocation: Invocation,
  manner: Manner,
  stdout: Writer,
): Promise<number> {
  const controller = new AbortController();
  const { signal } = controller;
  const { timeoutMs } = invocation.flags;
  const waits = createWaits();
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => controller.abort(tooLong(timeoutMs, waits.facts())), timeoutMs);
  const copies = invocation.spec.hasSourceAndDestination === true;
  const stopListening = listenForSignals(io, controller, copies ? RUN_AGAIN : undefined);
  watchOutput(io.stdout, (error) => controller.abort(error));
  try {
    const work = perform(io, invocation, manner, stdout, { signal, waits });
    const { spec, input } = invocation;
    return await withGrace(work, signal, spec.graceMs?.(input.args) ?? GRACE_MS);
  } catch (error) {
    // After an abort, its reason is the cause of any failure.
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
  { prints, failure }: Manner,
  stdout: Writer,
  { signal, waits }: { readonly signal: AbortSignal; readonly waits: Waits },
): Promise<number> {
  if (spec.printsResult === true && !flags.quiet && io.isOutputClosed?.() === true) {
    throw closedOutputError();
  }
  const template =
    flags.format === undefined
      ? undefined
      : (await import('../util/template/render.ts')).compileTemplate(flags.format);
  const colour = wantsColour(io.stderr, io.env, flags.noColor);
  const { quiet, debug } = flags;
  const style = await createStyle(io.stderr, colour);
  const written = createMessages(io.stderr, { quiet, debug, style });
  // A command that only prints changes nothing, so its notes are remarks.
  const isQuiet = spec.printsResult === true || prints.quietly === true;
  const messages = isQuiet ? { ...written, note: written.remark } : written;
  waits.tellTo(written.note);
  const transcript = prints.transcript === true && !flags.quiet && !writesToOutput(input);
  const hidesLines =
    prints.quietly === true && flags.progress === 'auto' && io.stderr.isTTY !== true;
  const form = chooseProgress(flags.progress, flags.quiet || hidesLines, io.stderr, io.env);
  const progress = createProgress(transcript ? 'transcript' : form, {
    stderr: io.stderr,
    stdout,
    now: io.now,
    writeLine: messages.line,
    colour,
  });
  const manyRequests = sendsMany(spec, input);
  const [{ createContext }, { rejectSharedSecrets }, { createTerminal }, module] =
    await Promise.all([
      import('./context.ts'),
      import('./secrets.ts'),
      import('./process/terminal.ts'),
      spec.load(),
      manyRequests ? loadConnections() : undefined,
    ]);
  if (manyRequests || spec.readsLayers === true) io.onLongRun?.();
  if (spec.readsLayers === true) io.onLarge?.(true);
  const context = await createContext({
    io,
    flags: { ...flags, asOtherTool: failure !== undefined },
    messages,
    terminal: createTerminal(io, waits.begin),
    emit: watchManyContents(
      watchLargeTransfers((event) => {
        if (event.type === 'retry') waits.failed(event.reason);
        progress.emit(event);
      }, io.onLarge),
      io.onLongRun,
    ),
    trace: createTrace(flags.debug, messages.line, io.now),
    stdio: createStdio(io, stdout, { tempDir: flags.tmpdir, beginWait: waits.begin }),
    beginWait: waits.begin,
    manyRequests,
    longRunAfter: spec.printsResult === true ? LONG_LIST : undefined,
  });
  let done = false;
  try {
    if (spec.hasSourceAndDestination === true)
      rejectSharedSecrets(flags, imageArguments(spec, input), context);
    const result = await module.run(context, input, { signal });
    await progress.close(true);
    await stdout.settled();
    await render(io, result, prints, { flags, template, stdout });
    done = true;
    const exit = (typeof result.exit === 'function' ? result.exit() : result.exit) ?? 0;
    return exit === 0 ? 0 : (failure ?? exit);
  } catch (error) {
    throw error instanceof AppError ? withFacts(error, context.namesMeant(error)) : error;
  } finally {
    if (!done) await progress.close(false);
    await context[Symbol.asyncDispose]();
  }
}

function withFacts(cause: AppError, facts: readonly string[]): AppError {
  if (facts.length === 0) return cause;
  const { code, message, hint, excerpt, details } = cause;
  return new AppError(code, message, {
    why: [...cause.why, ...facts],
    hint,
    excerpt,
    details,
    cause,
  });
}

/** Whether an archive goes to standard output, which then must have no other lines. */
const writesToOutput = ({ args }: Invocation['input']): boolean =>
  args.some((arg) => /-archive:(?:-|\/dev\/(?:stdout|fd\/1))(?::|$)/u.test(arg));

async function render(
  io: Io,
  result: Result,
  prints: Prints,
  options: {
    readonly flags: Invocation['flags'];
    readonly template: Template | undefined;
    readonly stdout: Writer;
  },
): Promise<void> {
  const { flags, template, stdout } = options;
  if (prints.transcript === true || prints.nothing === true) return;
  if (prints.file !== undefined) return renderToFile(io, result, prints.file, options);
  const toStderr = result.stream === 'stderr';
  const stream = toStderr ? io.stderr : io.stdout;
  const writer = toStderr ? createWriter(io.stderr) : stdout;
  const colour = wantsColour(stream, io.env, flags.noColor);
  const style = await createStyle(stream, colour, io.env);
  const { writeResult } = await import('./output/result.ts');
  const shown = prints.members === undefined ? result : onlyMembers(result, prints.members);
  await writeResult(shown, { format: flags.output, template }, writer, style);
}

async function renderToFile(
  io: Io,
  result: Result,
  file: string,
  { flags, template }: Pick<Parameters<typeof render>[3], 'flags' | 'template'>,
): Promise<void> {
  const [{ openFileWriter }, { writeResult }, { plainStyle }] = await Promise.all([
    import('./output/file-writer.ts'),
    import('./output/result.ts'),
    import('./output/style.ts'),
  ]);
  await using writer = await openFileWriter(
    resolve(io.cwd, file),
    `${randomBytes(6).toString('hex')}.tmp`,
  );
  const style = { ...plainStyle(io.stdout), terminal: false };
  await writeResult(result, { format: flags.output, template }, writer, style);
  await writer.finish();
}

function onlyMembers(result: Result, members: readonly string[]): Result {
  if (result.kind === 'list') return { ...result, head: picked(result.head, members) };
  if (result.kind !== 'value' || !isRecord(result.json)) return result;
  return { ...result, json: picked(result.json, members) };
}

function picked<T>(from: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  const entries = Object.entries(from);
  return Object.fromEntries(names.flatMap((name) => entries.filter(([key]) => key === name)));
}

function tooLong(ms: number, why: readonly string[]): AppError {
  const exact = ms > 1000 && ms % 1000 > 0 ? `${ms / 1000}s` : formatDuration(ms);
  return new AppError('TIMEOUT', `timed out after ${exact}`, {
    why,
    hint: 'Raise --command-timeout, or check the registry: regctl doctor REGISTRY',
  });
}

async function loadConnections(): Promise<void> {
  const { loadUndici } = await import('../http/exchange/undici.ts');
  await loadUndici();
}

/** A list of as many pages goes on; a look at an image takes four requests. */
const LONG_LIST = 6;

function sendsMany({ manyRequests = [] }: CommandSpec, input: Invocation['input']): boolean {
  return manyRequests === true || manyRequests.some((name) => input.options[name] === true);
}

/** The arguments that name images. */
function imageArguments({ args }: CommandSpec, input: Input): readonly string[] {
  return input.args.filter((_, at) => args[Math.min(at, args.length - 1)]?.isImage !== false);
}
