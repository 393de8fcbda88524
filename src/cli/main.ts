import type { CommandGroup } from '../commands/index.ts';
import { columnsOf, type Io } from './io.ts';
import { VERSION } from '../client/version.ts';
import { ClosedPipeError, createWriter, type Writer } from './output/writer.ts';

/**
 * Runs the program. Resolves to its exit status and never rejects.
 * `loadGroups`: the table of commands.
 */
export async function main(
  io: Io,
  loadGroups: () => Promise<readonly CommandGroup[]> = defaultGroups,
): Promise<number> {
  const stdout = createWriter(io.stdout);
  try {
    return await runProgram(io, stdout, loadGroups);
  } catch (error) {
    return fail(io, stdout, error);
  }
}

async function defaultGroups(): Promise<readonly CommandGroup[]> {
  return (await import('../commands/index.ts')).COMMAND_GROUPS;
}

async function runProgram(
  io: Io,
  stdout: Writer,
  loadGroups: () => Promise<readonly CommandGroup[]>,
): Promise<number> {
  const [first, ...rest] = io.argv;
  if (rest.length === 0 && (first === '--version' || first === '-v')) {
    await stdout.write(`regctl ${VERSION}\n`);
    return 0;
  }
  const [{ parseArguments }, groups] = await Promise.all([import('./args/parse.ts'), loadGroups()]);
  const columns = columnsOf(io.stdout);
  const parsed = parseArguments(io.argv, groups, { host: io.host, columns });
  if (parsed.kind === 'print') {
    await stdout.write(parsed.text);
    return 0;
  }
  const { runCommand } = await import('./run.ts');
  return runCommand(io, parsed, stdout);
}

/** Tells the error: on stderr, and with `-o json` on stdout too, so that stdout is always JSON. */
async function fail(io: Io, stdout: Writer, error: unknown): Promise<number> {
  if (error instanceof ClosedPipeError) return 0;
  const [{ reportError, errorText, errorJson }, { requestedJson }, { createStyle, wantsColour }] =
    await Promise.all([
      import('./output/error.ts'),
      import('./args/argv.ts'),
      import('./output/style.ts'),
    ]);
  const report = reportError(error);
  const form = requestedJson(io.argv);
  // A half-written JSON text stays half-written: an error after it would look like content.
  const asJson = form === 'ndjson' || (form === 'json' && !stdout.started);
  if (asJson) {
    const { toJson } = await import('./output/result.ts');
    const { plainStyle } = await import('./output/style.ts');
    const style = plainStyle(io.stdout);
    const indent = form === 'json' ? 2 : undefined;
    await stdout.write(`${toJson(errorJson(report), style, indent)}\n`).catch(() => undefined);
  }
  if (!asJson || io.stdout.isTTY !== true) {
    const noColour = io.argv.includes('--no-color');
    const style = await createStyle(io.stderr, wantsColour(io.stderr, io.env, noColour));
    await createWriter(io.stderr)
      .write(errorText(report, style))
      .catch(() => undefined);
  }
  return report.exit;
}
