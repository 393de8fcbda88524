import { AppError } from '../../errors/app-error.ts';
import { errnoOf } from '../../util/errno.ts';
import type { OutputStream } from '../io.ts';

/** The reader closed the pipe (`regctl tags … | head -1`), so nothing more can be written. */
export class ClosedPipeError extends Error {
  override readonly name = 'ClosedPipeError';
}

/** Writing to standard output failed. */
export class OutputError extends AppError {
  override readonly name = 'OutputError';
}

/** Writes in order; each write resolves once the stream accepts it, which limits the writer. */
export interface Writer {
  /** @throws ClosedPipeError, OutputError; after a failure, the same error for each write */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Whether anything was written. */
  readonly started: boolean;
  /** Resolves once everything is written. @throws as the last `write` did */
  settled(): Promise<void>;
}

export function createWriter(stream: OutputStream): Writer {
  let started = false;
  let failure: Error | undefined;
  let last = Promise.resolve();
  return {
    settled: () => last,
    get started() {
      return started;
    },
    async write(chunk) {
      if (failure !== undefined) throw failure;
      if (chunk.length === 0) return;
      started = true;
      last = new Promise<void>((resolve, reject) => {
        stream.write(chunk, (error) => {
          if (error === undefined || error === null) return resolve();
          failure ??= outputError(error);
          reject(failure);
        });
      });
      await last;
    },
  };
}

/**
 * Calls `onFailed` if the stream fails. Without this listener, the `error` event of a write that is
 * not awaited would end the process.
 */
export function watchOutput(
  stream: OutputStream,
  onFailed: (error: Error) => void = () => undefined,
): void {
  stream.on('error', (error: Error) => onFailed(outputError(error)));
}

/** Converts a write error to ClosedPipeError, or to OutputError with code NO_SPACE or IO. */
export function outputError(error: Error): Error {
  const errno = errnoOf(error);
  if (errno === 'EPIPE' || errno === 'ERR_STREAM_DESTROYED') return new ClosedPipeError();
  const full = errno === 'ENOSPC' || errno === 'EDQUOT' || errno === 'EFBIG';
  return new OutputError(
    full ? 'NO_SPACE' : 'IO',
    `${CANNOT_WRITE}: ${WORDS[errno ?? ''] ?? 'it failed'}`,
    {
      hint: full
        ? 'Free some space, or send the output elsewhere.'
        : 'Send standard output to a file or program that takes it.',
      cause: error,
    },
  );
}

/** The error if standard output was closed before the program started (`>&-`). */
export function closedOutputError(): OutputError {
  return new OutputError('IO', `${CANNOT_WRITE}: it is closed`, {
    hint: 'Send it to a file or program. If only the exit status matters, add --quiet.',
  });
}

/** Finds a failure of standard output among the causes of an error. */
export function outputErrorIn(error: unknown): ClosedPipeError | OutputError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ClosedPipeError || at instanceof OutputError) return at;
  }
  return undefined;
}

const CANNOT_WRITE = 'cannot write the result to standard output';

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be too large',
  EBADF: 'it is not open for writing',
  EIO: 'the device reports an error',
  ECONNRESET: 'the connection was reset',
};
