import { spawn } from 'node:child_process';
import { platform } from 'node:os';
import { win32 } from 'node:path';
import { sanitize } from '../../errors/sanitize.ts';
import { AppError } from '../../errors/app-error.ts';
import type { BeginWait, CallOptions } from '../../util/abort.ts';
import { findProgram } from '../../util/process/find-program.ts';

/** A verb of Docker's protocol for credential helpers. */
export type HelperAction = 'get' | 'store' | 'erase' | 'list';

/** A call of a credential helper. */
export interface HelperRequest {
  /** Program name: "docker-credential-pass". */
  readonly program: string;
  readonly action: HelperAction;
  readonly stdin: string;
}

/** What a credential helper answered. */
export interface HelperResult {
  /** Exit status; undefined when a signal ended it. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs one helper until it exits. Undefined: there is no such program.
 * @throws AppError CREDENTIAL_HELPER (timeout, too much output, cannot start), the signal's reason
 */
export type RunHelper = (
  request: HelperRequest,
  options?: CallOptions,
) => Promise<HelperResult | undefined>;

export interface HelperRunnerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Programs that come with regctl, as command lines by name, used if PATH has none. */
  readonly bundled?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Node's name of the system. Default: this one. */
  readonly os?: string | undefined;
  readonly beginWait?: BeginWait | undefined;
  /** Milliseconds; default 60 000, because a keychain may ask a person. */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 60_000;
const MAX_STDOUT = 1024 * 1024;
const MAX_STDERR = 8 * 1024;
const KILL_AFTER_MS = 1000;

/** Runs helpers as child processes: no shell, one argument, only from absolute PATH entries. */
export function createHelperRunner(options: HelperRunnerOptions): RunHelper {
  return async (request, { signal } = {}) => {
    signal?.throwIfAborted();
    const os = options.os ?? platform();
    const found = await findProgram(request.program, options.env, os);
    const [file, ...args] =
      found === undefined ? (options.bundled?.[request.program] ?? []) : [found];
    if (file === undefined) return undefined;
    const line = commandLineOf([file, args], request.action, { os, env: options.env });
    if (line === undefined) throw failure(request, `cannot be run from the path ${sanitize(file)}`);
    const endWait = options.beginWait?.(`the credential helper ${request.program} to answer`);
    try {
      return await runProcess(line, request, options, signal);
    } finally {
      endWait?.();
    }
  };
}

/** How a program is started. */
export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
  /** The arguments are for cmd.exe, so Node must not quote them. */
  readonly verbatim: boolean;
}

/**
 * Windows scripts run only in cmd.exe, which parses quotes and percent signs in its own way
 * (CVE-2024-27980): the path is quoted as a whole, and a path that cannot be quoted is refused. The
 * action is one of four fixed words. `undefined`: the path is refused.
 */
export function commandLineOf(
  [file, args]: readonly [file: string, args: readonly string[]],
  action: HelperAction,
  { os, env }: { readonly os: string; readonly env: HelperRunnerOptions['env'] },
): CommandLine | undefined {
  if (os !== 'win32' || !/\.(?:cmd|bat)$/iu.test(file))
    return { file, args: [...args, action], verbatim: false };
  if (/["%!^\r\n]/u.test(file)) return undefined;
  const root = env['SystemRoot'] ?? env['SYSTEMROOT'] ?? 'C:\\Windows';
  const shell = win32.join(root, 'System32', 'cmd.exe');
  return { file: shell, args: ['/d', '/s', '/c', `""${file}" ${action}"`], verbatim: true };
}

async function runProcess(
  { file, args, verbatim }: CommandLine,
  request: HelperRequest,
  options: HelperRunnerOptions,
  signal: AbortSignal | undefined,
): Promise<HelperResult> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const child = spawn(file, [...args], {
    env: { ...options.env },
    shell: false,
    windowsVerbatimArguments: verbatim,
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    const stdout = new CappedText(MAX_STDOUT);
    const stderr = new CappedText(MAX_STDERR);
    const give = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      act();
    };
    const stop = (reason: unknown): void => {
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      child.unref();
      give(() => reject(reason));
    };
    const onAbort = (): void => stop(signal?.reason);
    const timer = setTimeout(
      () => stop(failure(request, `gave no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    child.stdout.on('data', (chunk: Buffer) => {
      if (!stdout.add(chunk)) stop(failure(request, 'answered with more than 1 MiB'));
    });
    child.stderr.on('data', (chunk: Buffer) => void stderr.add(chunk));
    // A helper may exit without reading its input: its status says why, not EPIPE.
    child.stdin.on('error', () => undefined);
    child.once('error', (error) =>
      give(() => reject(failure(request, 'could not be started', error))),
    );
    child.once('close', (status) =>
      give(() =>
        resolve({ status: status ?? undefined, stdout: stdout.text(), stderr: stderr.text() }),
      ),
    );
    child.stdin.end(request.stdin);
  });
}

/** Text of a stream up to a limit; the rest is dropped. */
class CappedText {
  readonly #max: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Returns false after the limit is exceeded. */
  add(chunk: Buffer): boolean {
    if (this.#size < this.#max) this.#chunks.push(chunk.subarray(0, this.#max - this.#size));
    this.#size += chunk.byteLength;
    return this.#size <= this.#max;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

function failure(request: HelperRequest, what: string, cause?: unknown): AppError {
  return new AppError('CREDENTIAL_HELPER', `${request.program} ${request.action} ${what}`, {
    hint: 'Run it yourself to see why, or use --creds or --no-creds.',
    cause,
  });
}
