import { spawn, spawnSync } from 'node:child_process';

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** Called with what it prints, as it comes. */
  readonly onStdout?: (chunk: Buffer) => void;
  /** Called once the process runs, for signals in mid-work. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void, stderrSoFar: () => string) => void;
}

/** Runs a program to its end and collects what it printed. */
export async function run(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const child = spawn(file, [...args], {
    env: { ...options.env },
    cwd: options.cwd,
    stdio: 'pipe',
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout.push(chunk);
    options.onStdout?.(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  options.onStart?.(
    (signal) => child.kill(signal),
    () => Buffer.concat(stderr).toString(),
  );
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exit, by) => resolve([exit, by]));
    },
  );
  const bytes = Buffer.concat(stdout);
  return {
    code,
    signal,
    stdout: bytes.toString(),
    stderr: Buffer.concat(stderr).toString(),
    bytes,
  };
}

/** Why a test that needs these programs cannot run; `undefined` when it can. */
export function missingPrograms(...programs: readonly string[]): string | undefined {
  const missing = programs.filter(
    (program) => spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status !== 0,
  );
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`;
}
