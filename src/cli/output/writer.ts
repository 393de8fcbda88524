import type { OutputStream } from '../io.ts';

/** The reader closed the pipe (`regctl tags … | head -1`), so nothing more can be written. */
export class ClosedPipeError extends Error {
  override readonly name = 'ClosedPipeError';
}

/** Writes in order, each write waiting until the stream took it; that wait is the back-pressure. */
export interface Writer {
  write(chunk: string | Uint8Array): Promise<void>;
  /** Whether anything was written. */
  readonly started: boolean;
}

export function createWriter(stream: OutputStream): Writer {
  let started = false;
  return {
    get started() {
      return started;
    },
    async write(chunk) {
      if (chunk.length === 0) return;
      started = true;
      await new Promise<void>((resolve, reject) => {
        stream.write(chunk, (error) => {
          if (error === undefined || error === null) resolve();
          else reject(isClosedPipe(error) ? new ClosedPipeError() : error);
        });
      });
    },
  };
}

/** Keeps a closed pipe from ending the process as an unhandled `error` event. */
export function ignoreClosedPipe(stream: OutputStream, onClosed: () => void): () => void {
  const listener = (error: Error): void => {
    if (!isClosedPipe(error)) throw error;
    onClosed();
  };
  stream.on('error', listener);
  return () => stream.removeListener('error', listener);
}

function isClosedPipe(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
}
