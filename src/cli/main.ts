import type { CommandGroup } from '../commands/index.ts';
import { columnsOf, type Io } from './io.ts';
import { versionText } from '../client/version.ts';
import { inManner, mannerOf, OWN_MANNER } from './personas/manner.ts';
import { calledAs } from './personas/names.ts';
import type { Manner } from './personas/types.ts';
import {
  ClosedPipeError,
  OutputError,
  outputErrorIn,
  closedOutputError,
  createWriter,
  watchOutput,
  type Writer,
} from './output/writer.ts';

/** The invocation as known so far, which decides how an error is reported. */
interface Asked {
  argv: readonly string[];
  manner: Manner;
}

/**
 * Runs the program. Resolves to its exit status and never rejects.
 * `loadGroups` loads the table of commands.
 */
export async function main(
  io: Io,
  loadGroups: () => Promise<readonly CommandGroup[]> = defaultGroups,
): Promise<number> {
  const stdout = createWriter(io.stdout);
  // For the whole run, as the last write may fail after everything else is done.
  watchOutput(io.stdout);
  watchOutput(io.stderr);
  const asked: Asked = { argv: io.argv, manner: OWN_MANNER };
  try {
    return await runProgram(io, stdout, asked, loadGroups);
  } catch (error) {
    return fail(io, stdout, asked, outputErrorIn(error) ?? error);
  }
}

async function defaultGroups(): Promise<readonly CommandGroup[]> {
  return (await import('../commands/index.ts')).COMMAND_GROUPS;
}

async function runProgram(
  io: Io,
  stdout: Writer,
  asked: Asked,
  loadGroups: () => Promise<readonly CommandGroup[]>,
): Promise<number> {
  const [first, ...rest] = io.argv;
  const { load, argv } = calledAs(io.program, io.argv);
  asked.argv = argv;
  if (load === undefined && rest.length === 0 && (first === '--version' || first === '-v')) {
    return print(io, stdout, `${versionText({ ...io.runtime, ...io.host })}\n`);
  }
  if (load === undefined && first === 'complete') {
    const { complete } = await import('./completion/complete.ts');
    return print(io, stdout, await complete(io, await loadGroups()));
  }
  const [{ parseLine }, groups] = await Promise.all([import('./personas/line.ts'), loadGroups()]);
  const persona = await load?.();
  if (persona !== undefined) asked.manner = mannerOf(persona);
  const columns = columnsOf(io.stdout);
  const parsed = await parseLine(argv, persona, groups, { io, columns }, (line) =>
    Object.assign(asked, line),
  );
  if (parsed.kind === 'print') return print(io, stdout, parsed.text);
  const { runCommand } = await import('./run.ts');
  return runCommand(io, parsed, asked.manner, stdout);
}

async function print(io: Io, stdout: Writer, text: string): Promise<number> {
  if (io.isOutputClosed?.() === true) throw closedOutputError();
  await stdout.write(text);
  return 0;
}

/**
 * Reports an error on stderr, and with `-o json` also as JSON on stdout, so that stdout is always
 * JSON. If stdout itself failed, writes the JSON to stderr.
 */
async function fail(io: Io, stdout: Writer, asked: Asked, error: unknown): Promise<number> {
  if (error instanceof ClosedPipeError) return 0;
  const [
    { reportError, errorText, errorJson, causeLines },
    { requestedJson },
    { createStyle, wantsColour },
  ] = await Promise.all([
    import('./output/error.ts'),
    import('./args/argv.ts'),
    import('./output/style.ts'),
  ]);
  const { argv, manner } = asked;
  const report = inManner(reportError(error), manner);
  const form = requestedJson(argv);
  const outputFailed = error instanceof OutputError;
  // After a partial JSON text, an error would look like part of it.
  const asJson = form === 'ndjson' || (form === 'json' && (outputFailed || !stdout.started));
  const stderr = createWriter(io.stderr);
  if (asJson) {
    const { toJson } = await import('./output/result.ts');
    const { plainStyle } = await import('./output/style.ts');
    const [stream, writer] = outputFailed ? [io.stderr, stderr] : [io.stdout, stdout];
    const indent = form === 'json' ? 2 : undefined;
    const json = toJson(errorJson(report), plainStyle(stream), indent);
    await writer.write(`${json}\n`).catch(() => undefined);
  }
  if (!asJson || (!outputFailed && io.stdout.isTTY !== true)) {
    const debugged = argv.includes('--debug') ? causeLines(error) : [];
    const noColour = argv.includes('--no-color');
    const style = await createStyle(io.stderr, wantsColour(io.stderr, io.env, noColour));
    const text = [...debugged, errorText(report, style)].join('\n');
    await stderr.write(text).catch(() => undefined);
  }
  return report.exit;
}
