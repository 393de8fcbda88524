import type { ProcessUsage } from '../commands/context.ts';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import type { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';
import { AppError } from '../errors/app-error.ts';
import { homeFolder } from '../config/files/home.ts';
import type { ProcessNames } from '../util/temporaries.ts';
import { isOutputClosed } from './closed-output.ts';

/** An output stream; `isTTY` and `columns` as in Node's terminals. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

const DEFAULT_COLUMNS = 80;

/** Width in columns. A terminal of unknown size (serial line, `ssh -tt` in a job) reports 0. */
export function columnsOf(stream: Pick<OutputStream, 'columns'>): number {
  const { columns } = stream;
  return columns !== undefined && columns > 0 ? columns : DEFAULT_COLUMNS;
}

/** Replaces a width of 0, now and after each resize: ora and readline divide by it. */
export function keepColumns<T extends OutputStream>(stream: T): T {
  const keep = (): void => {
    if (stream.columns === 0) Object.assign(stream, { columns: DEFAULT_COLUMNS });
  };
  keep();
  if (stream.isTTY === true) stream.on('resize', keep);
  return stream;
}

/** An input stream: a terminal or a pipe. */
export type InputStream = NodeJS.ReadableStream & {
  readonly isTTY?: boolean | undefined;
  destroy(error?: Error): unknown;
};

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** Signals that a running server handles. */
export type ServerSignal = 'SIGHUP' | 'SIGUSR1';

/** What runs the program. */
export interface Runtime {
  readonly node: string;
  readonly openssl: string;
  /** The directory of the package, or the file of a single executable. */
  readonly path: string;
  readonly isExecutable: boolean;
}

/** The parts of a process that the program may use; tests pass their own. */
export interface Io {
  /** The path with which the program was called. Default: regctl. */
  readonly program?: string | undefined;
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws AppError IO if the directory was removed */
  readonly cwd: string;
  /** Directory for temporary files. */
  readonly temp: string;
  /** The user's home directory; `undefined` if there is none. */
  readonly home: string | undefined;
  /** The user's id; absent on systems without user ids. */
  readonly uid?: number | undefined;
  /** The machine's running processes; if absent, no files are kept for later runs to resume. */
  readonly processes?: (() => Promise<ProcessNames>) | undefined;
  /** Command lines of the credential helpers that regctl ships, by name. */
  readonly bundledHelpers?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Node's names: `process.platform`, `process.arch`. */
  readonly host: { readonly platform: string; readonly arch: string };
  /** The versions of Node and its parts, and where this program is installed. */
  readonly runtime: Runtime;
  readonly now: () => Date;
  /** Calls `listener` for each such signal until the returned function is called. */
  onSignal(signal: StopSignal | ServerSignal, listener: () => void): () => void;
  /** Ends the process at once. */
  exit(status: number): void;
  /** What this process has used so far. */
  readonly usage?: (() => ProcessUsage) | undefined;
  /** Whether standard output was closed before the program started. Default: false. */
  readonly isOutputClosed?: (() => boolean) | undefined;
  /** Called if the run takes long: it has many contents to copy, or sends many requests. */
  readonly onLongRun?: (() => void) | undefined;
  /** Called when transfers of large blobs start, and when none is left. */
  readonly onLarge?: ((moving: boolean) => void) | undefined;
}

const SIGNALS = new Map<number, StopSignal>([
  [130, 'SIGINT'],
  [143, 'SIGTERM'],
]);

/**
 * Ends the process at once, after a signal with that signal: `process.exit` waits for the threads
 * that read files, which may hang in a system call (a pipe without a writer, a network disk).
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

const HELPER = 'docker-credential-regctl';
/** The program, also from the bundle. */
const PROGRAM = fileURLToPath(new URL('../../bin/regctl.js', import.meta.url));

/** Whether this is a single executable. Deno has no such module. */
function isSingle(process: NodeJS.Process): boolean {
  const sea: { readonly isSea: typeof isSea } | undefined = process.getBuiltinModule('node:sea');
  return sea?.isSea() ?? false;
}

const programOf = (process: NodeJS.Process): readonly string[] =>
  isSingle(process) ? [process.execPath] : [process.execPath, PROGRAM];

function runtimeOf(process: NodeJS.Process): Runtime {
  const { execPath } = process;
  const { node, openssl } = process.versions;
  const isExecutable = isSingle(process);
  const path = isExecutable ? execPath : dirname(dirname(PROGRAM));
  return { node, openssl: openssl ?? 'none', path, isExecutable };
}

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
    // A getter, because most commands do not need the working directory.
    get cwd() {
      return workingDirectory(process);
    },
    temp: tmpdir(),
    home: homeFolder(process),
    uid: process.geteuid?.(),
    processes: async () => (await import('../client/processes.ts')).createProcessNames(process),
    bundledHelpers: { [HELPER]: [...programOf(process), HELPER] },
    // A getter, because reading the property opens the terminal.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    isOutputClosed: () => isOutputClosed(process.platform),
    host: { platform: process.platform, arch: process.arch },
    runtime: runtimeOf(process),
    now: () => new Date(),
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => process.removeListener(signal, listener);
    },
    usage() {
      const { user, system } = process.cpuUsage();
      return { memory: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 };
    },
    exit: (status) => endProcess(process, status),
  };
}
