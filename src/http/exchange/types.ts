import { BODY_TIMEOUT, timeoutError } from '../error-codes.ts';
import { setImmediate as turn } from 'node:timers/promises';
import type { AbortWatch } from '../../util/abort-watch.ts';
import type { Bytes } from '../../util/bytes.ts';

/** A request as sent. */
export interface RawRequest {
  readonly method: string;
  /** A path with query, or for a proxy the whole URL. */
  readonly path: string;
  /** Includes `host`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Exactly `content-length` bytes. */
  readonly body?: Bytes | undefined;
  /** Each one aborts the request, with its reason. */
  readonly signals: readonly AbortSignal[];
  /**
   * From the request's last byte to the answer's headers, milliseconds; not used with a body.
   */
  readonly headersMs: number;
  /** Between two chunks of the answer. */
  readonly idleMs: number;
  /** From the answer's headers to its first byte. */
  readonly firstByteMs: number;
  /** The reader is done with a chunk of the answer when it asks for the next. */
  readonly reuseChunks?: boolean | undefined;
}

/** The head of an answer, with a body that is not read yet. */
export interface RawResponse {
  readonly status: number;
  /** [name, value, name, value, …] */
  readonly rawHeaders: readonly string[];
  /** @throws Error with a code: the socket's, or BODY_TIMEOUT */
  readonly body: Bytes;
  /** Drains at most `limit` bytes in at most `ms` to keep the connection; else drops it. */
  discard(limit: number, ms: number): Promise<void>;
  /** Drops the connection. */
  destroy(): void;
}

/**
 * One request and its answer.
 * @throws Error of the socket or parser, HEADERS_TIMEOUT, whatever `body` throws, a signal's reason
 */
export type Exchange = (rawRequest: RawRequest) => Promise<RawResponse>;

/** The connections to one origin. */
export interface Pool {
  readonly exchange: Exchange;
  /** Ends every connection and exchange. */
  destroy(): void;
}

/** A pool that another one follows. */
export interface RetiringPool extends Pool {
  /** Ends every connection that carries no exchange, now and later. */
  retire(): void;
}

/**
 * Unused connections are closed before most servers close them, so that no request uses a closed
 * one.
 */
export const IDLE_CONNECTION_MS = 4000;

/** Calls `fail` on abort. The requests of a pool share `watch`. @returns ends the watch */
export function onAbort(
  watch: AbortWatch,
  signals: readonly AbortSignal[],
  fail: (error: Error) => void,
): () => void {
  const ends = signals.map((signal) =>
    watch.add(signal, () => {
      const reason: unknown = signal.reason;
      fail(reason instanceof Error ? reason : new Error('aborted'));
    }),
  );
  return () => {
    for (const end of ends) end();
  };
}

/** A body as a client provides it; `destroy` makes reading it throw. */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  destroy(error?: Error): unknown;
}

/** Yields the bytes of an answer. Counts only the time spent waiting for the next chunk. */
export async function* readBody(
  body: ResponseBody,
  { idleMs, firstByteMs }: Pick<RawRequest, 'idleMs' | 'firstByteMs'>,
): Bytes {
  let waiting = true;
  const late = (): void => {
    if (waiting) body.destroy(timeoutError(BODY_TIMEOUT));
  };
  let timer = setTimeout(late, firstByteMs);
  let isFirst = true;
  try {
    for await (const chunk of body) {
      waiting = false;
      yield chunk;
      waiting = true;
      if (isFirst) {
        clearTimeout(timer);
        timer = setTimeout(late, idleMs);
        isFirst = false;
      } else timer.refresh();
    }
    await connectionReturned();
  } finally {
    clearTimeout(timer);
  }
}

/** Drains a body that is short and fast enough, else destroys it. */
export async function drainBody(body: ResponseBody, limit: number, ms: number): Promise<void> {
  const timer = setTimeout(() => body.destroy(), ms);
  let left = limit;
  try {
    for await (const chunk of body) {
      left -= chunk.byteLength;
      // Leaving the loop destroys the body.
      if (left < 0) return;
    }
    await connectionReturned();
  } catch {
    body.destroy();
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Both clients take a connection back one turn of the event loop after its answer; an earlier
 * request would open another connection.
 */
export async function connectionReturned(): Promise<void> {
  await turn();
}
