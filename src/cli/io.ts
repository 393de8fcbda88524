import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { AppError } from '../errors/app-error.ts';
import { homeFolder } from '../config/files/home.ts';
import type { ProcessNames } from '../util/temporaries.ts';
import { isOutputClosed } from './closed-output.ts';

/** A stream that text is written to; `isTTY` and `columns` as Node's terminals have them. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

const DEFAULT_COLUMNS = 80;

/** Width of a terminal. One that does not know its size (a serial line, `ssh -tt` in a job) says 0. */
export function columnsOf(stream: Pick<OutputStream, 'columns'>): number {
  const { columns } = stream;
  return columns !== undefined && columns > 0 ? columns : DEFAULT_COLUMNS;
}

/** Gives a terminal its width where it says 0, now and after each resize: ora and readline divide by it. */
export function keepColumns<T extends OutputStream>(stream: T): T {
  const keep = (): void => {
    if (stream.columns === 0) Object.assign(stream, { columns: DEFAULT_COLUMNS });
  };
  keep();
  if (stream.isTTY === true) stream.on('resize', keep);
  return stream;
}

/** Where a person or a pipe answers from. */
export type InputStream = NodeJS.ReadableStream & {
  readonly isTTY?: boolean | undefined;
  destroy(error?: Error): unknown;
};

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** What a server is asked for while it runs. */
export type ServerSignal = 'SIGHUP' | 'SIGUSR1';

/** The parts of a process that the program may touch; tests hand in their own. */
export interface Io {
  /** The path by which the program was called; absent: regctl. */
  readonly program?: string | undefined;
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws AppError IO where the directory was removed */
  readonly cwd: string;
  /** Folder for temporary files. */
  readonly temp: string;
  /** The user's home directory; undefined if there is none. */
  readonly home: string | undefined;
  /** The user's id; absent where the system has none. */
  readonly uid?: number | undefined;
  /** Who else runs on this machine; absent: nothing is left for another run to go on with. */
  readonly processes?: (() => Promise<ProcessNames>) | undefined;
  /** Credential helpers that come with regctl: the command line of each, by its name. */
  readonly bundledHelpers?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Node's names: `process.platform`, `process.arch`. */
  readonly host: { readonly platform: string; readonly arch: string };
  readonly now: () => Date;
  /** Calls `listener` for every such signal until the returned function is called. */
  onSignal(signal: StopSignal | ServerSignal, listener: () => void): () => void;
  /** Ends the process at once. */
  exit(status: number): void;
  /** Whether standard output was closed before the program began; absent: it was not. */
  readonly isOutputClosed?: (() => boolean) | undefined;
  /** Called when the run will take some time: a heavy command is loaded, or there were many requests. */
  readonly onLongRun?: (() => void) | undefined;
  /** Called when large contents start to move, and when none moves any more. */
  readonly onLarge?: ((moving: boolean) => void) | undefined;
}

const SIGNALS = new Map<number, StopSignal>([
  [130, 'SIGINT'],
  [143, 'SIGTERM'],
]);

/**
 * Ends at once. What a signal ends is ended by that signal: `process.exit` waits for the threads that
 * read files, and one may hang in a system call (a pipe that nobody writes, a network disk).
 */
export function endProcess(process: NodeJS.Process, status: number): void {
  const signal = SIGNALS.get(status);
  if (signal === undefined) process.exit(status);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function workingDirectory(process: NodeJS.Process): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new AppError('IO', 'cannot use the working directory: it does not exist any more', {
      hint: 'Change to a directory that exists: cd "$HOME"',
      cause: error,
    });
  }
}

const HELPER = fileURLToPath(new URL('../../bin/docker-credential-regctl.js', import.meta.url));

/** The real process as `Io`. */
export function processIo(
  process: NodeJS.Process,
  { onLongRun, onLarge }: Pick<Io, 'onLongRun' | 'onLarge'> = {},
): Io {
  return {
    onLongRun,
    onLarge,
    program: process.argv[1],
    argv: process.argv.slice(2),
    env: process.env,
    // Most commands do well without one.
    get cwd() {
      return workingDirectory(process);
    },
    temp: tmpdir(),
    home: homeFolder(process),
    uid: process.geteuid?.(),
    processes: async () => (await import('./processes.ts')).createProcessNames(process),
    bundledHelpers: { 'docker-credential-regctl': [process.execPath, HELPER] },
    // A terminal's input is opened by looking at it, which most commands never need.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    isOutputClosed: () => isOutputClosed(process.platform),
    host: { platform: process.platform, arch: process.arch },
    now: () => new Date(),
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => process.removeListener(signal, listener);
    },
    exit: (status) => endProcess(process, status),
  };
}
