import type { Socket } from 'node:net';
import { errnoOf } from '../../util/errno.ts';

/** The methods with which a stream writes; they are meant for implementers of streams. */
const WRITE = '_write';
const WRITEV = '_writev';

type WriteCallback = (error?: Error | null) => void;

/** Errors of writing to a connection that the other side closed. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET', 'ECONNABORTED']);
/** The answer came before the connection was closed, so reading it takes no time. */
const LAST_WORDS_MS = 1000;

/**
 * A server that refuses a body may answer and close without reading on (nginx with 413). Writing
 * then fails while the answer is still in the socket, and Node would drop it with the socket: the
 * failure is reported after the received data is read.
 */
export function hearLastWords(socket: Socket): void {
  const write = socket[WRITE].bind(socket);
  const writev = socket[WRITEV]?.bind(socket);
  const afterReading =
    (callback: WriteCallback): WriteCallback =>
    (error) => {
      if (!(error instanceof Error) || !CLOSED.has(errnoOf(error))) return callback(error);
      const done = (): void => {
        clearTimeout(timer);
        socket.off('end', done).off('close', done);
        callback(error);
      };
      const timer = setTimeout(done, LAST_WORDS_MS);
      socket.once('end', done).once('close', done);
      return undefined;
    };
  socket[WRITE] = (chunk, encoding, callback) => write(chunk, encoding, afterReading(callback));
  if (writev !== undefined) {
    socket[WRITEV] = (chunks, callback) => writev(chunks, afterReading(callback));
  }
}
