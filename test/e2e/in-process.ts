import { PassThrough, Writable } from 'node:stream';
import { processIo } from '../../src/cli/io.ts';
import { main } from '../../src/cli/main.ts';
import type { Finished, RunOptions } from '../helpers/commands.ts';

/** The working directory is of the whole process: runs at the same time share it. */
const running = { count: 0, cwd: '', before: '' };

/** Whether a run may start there now: no other one is under way elsewhere. */
export function canRunIn(cwd: string): boolean {
  return running.count === 0 || running.cwd === cwd;
}

export interface InProcessOptions extends RunOptions {
  readonly cwd: string;
  /** The name by which it is called; absent: regctl. */
  readonly program?: string | undefined;
}

/** Runs regctl from its sources inside this process, with streams and signals of its own. */
export async function runInProcess(
  args: readonly string[],
  options: InProcessOptions,
): Promise<Finished> {
  if (running.count === 0) running.before = process.cwd();
  running.count += 1;
  running.cwd = options.cwd;
  process.chdir(options.cwd);
  try {
    return await runMain(args, options);
  } finally {
    running.count -= 1;
    // The directory is gone after its test.
    if (running.count === 0) process.chdir(running.before);
  }
}

async function runMain(
  args: readonly string[],
  { env = {}, cwd, input, program, onStart }: InProcessOptions,
): Promise<Finished> {
  const stdout = collector();
  const stderr = collector();
  const stdin = new PassThrough();
  stdin.end(input);
  const { processes, bundledHelpers, host, runtime } = processIo(process);
  let exited: number | undefined;
  const listeners = new Map<string, Set<() => void>>();
  onStart?.(
    (signal) => listeners.get(signal)?.forEach((listener) => listener()),
    () => stderr.bytes().toString(),
  );
  const code = await main({
    program,
    argv: args,
    env,
    cwd,
    temp: env['TMPDIR'] ?? cwd,
    home: env['HOME'] ?? cwd,
    uid: process.geteuid?.(),
    processes,
    bundledHelpers,
    host,
    runtime,
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    now: () => new Date(),
    onSignal(signal, listener) {
      const all = listeners.get(signal) ?? new Set();
      listeners.set(signal, all.add(listener));
      return () => all.delete(listener);
    },
    exit: (status) => {
      exited = status;
    },
  });
  const bytes = stdout.bytes();
  return {
    code: exited ?? code,
    signal: null,
    stdout: bytes.toString(),
    stderr: stderr.bytes().toString(),
    bytes,
  };
}

function collector(): { readonly stream: Writable; readonly bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}
