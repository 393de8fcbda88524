import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { CallOptions } from '../abort.ts';

/** How a program ended. */
export interface ChildResult {
  /** Exit status; undefined when a signal ended it or it could not be started. */
  readonly status: number | undefined;
  /** The last 8 KiB of its standard error. */
  readonly stderr: string;
}

/** A running program whose standard streams are pipes. */
export interface Child extends AsyncDisposable {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Never rejects. */
  readonly finished: Promise<ChildResult>;
}

export interface ChildOptions extends CallOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
}

const MAX_STDERR = 8 * 1024;
const KILL_AFTER_MS = 2000;

/** Starts a program without a shell. `file` is absolute. The signal or disposing ends it. */
export function startChild(file: string, args: readonly string[], options: ChildOptions): Child {
  const child = spawn(file, [...args], {
    env: { ...options.env },
    shell: false,
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const tail = new Tail(MAX_STDERR);
  child.stderr.on('data', (chunk: Buffer) => tail.add(chunk));
  // Writers learn of its end from `finished`.
  child.stdin.on('error', () => undefined);
  const stop = (): void => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
  };
  const onAbort = (): void => {
    stop();
    child.stdout.destroy();
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const finished = new Promise<ChildResult>((resolve) => {
    const end = (status: number | undefined, words: string): void => {
      options.signal?.removeEventListener('abort', onAbort);
      resolve({ status, stderr: words });
    };
    child.once('error', (error) => end(undefined, error.message));
    child.once('close', (status) => end(status ?? undefined, tail.text()));
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    finished,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) stop();
      child.stdin.destroy();
      child.stdout.destroy();
      await finished;
    },
  };
}

/** The last bytes of a stream. */
class Tail {
  readonly #max: number;
  #bytes = Buffer.alloc(0);

  constructor(max: number) {
    this.#max = max;
  }

  add(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]).subarray(-this.#max);
  }

  text(): string {
    return this.#bytes.toString('utf8');
  }
}
