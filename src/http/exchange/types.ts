import { BODY_TIMEOUT, timeoutError } from '../error-codes.ts';
import { setImmediate as turn } from 'node:timers/promises';
import type { AbortWatch } from '../../util/abort-watch.ts';
import type { Bytes } from '../../util/bytes.ts';

/** What goes onto the wire. */
export interface RawRequest {
  readonly method: string;
  /** A path with query, or for a proxy the whole URL. */
  readonly path: string;
  /** With `host`. */
  readonly headers: Readonly<Record<string, string>>;
  /** As many bytes as `content-length` says. */
  readonly body?: Bytes | undefined;
  /** Each ends it, with its reason. */
  readonly signals: readonly AbortSignal[];
  /**
   * From the request's last byte to the answer's headers, milliseconds; with a body none applies.
   */
  readonly headersMs: number;
  /** Between two chunks of the answer. */
  readonly idleMs: number;
  /** From the answer's headers to its first byte. */
  readonly firstByteMs: number;
}

/** The head of an answer, and its body yet to be read. */
export interface RawResponse {
  readonly status: number;
  /** [name, value, name, value, …] */
  readonly rawHeaders: readonly string[];
  /** @throws Error with a code: what the socket says, or BODY_TIMEOUT */
  readonly body: Bytes;
  /** Reads at most `limit` bytes away in at most `ms`, to keep the connection; else drops it. */
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

/**
 * Unused connections are closed before most servers close them, so that no request meets a closed
 * one.
 */
export const IDLE_CONNECTION_MS = 4000;

/** `watch` is shared by the requests of a pool. @returns what ends the wait */
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

/** A body as a client gives it: ended by `destroy`, which makes reading it throw. */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  destroy(error?: Error): unknown;
}

/** The bytes of an answer. Counts only the time in which somebody waits for the next chunk. */
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

/** Reads away what is short and quick enough. */
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
 * Both clients take a connection back a turn of the event loop after its answer; who sends sooner
 * would open another.
 */
export async function connectionReturned(): Promise<void> {
  await turn();
}
