import {
  request as httpRequest,
  type Agent,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { type Bytes, bytesOf } from '../util/bytes.ts';

/** What goes onto the wire. */
export interface Outgoing {
  readonly method: string;
  /** A path with query, or for a proxy the whole URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As many bytes as `content-length` says. */
  readonly body?: Bytes | undefined;
  /** Each ends it, with its reason. */
  readonly signals: readonly AbortSignal[];
  /** From the request's last byte to the answer's headers, milliseconds; with a body none applies. */
  readonly headersMs: number;
  /** Between two chunks of the answer. */
  readonly idleMs: number;
}

/** The head of an answer, and its body yet to be read. */
export interface Incoming {
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

/** Codes of our own limits, as network-error.ts knows them. */
export const HEADERS_TIMEOUT = 'HEADERS_TIMEOUT';
export const BODY_TIMEOUT = 'BODY_TIMEOUT';

/**
 * One request and its answer over a pool of Node's HTTP client.
 * @throws Error of the socket or parser, HEADERS_TIMEOUT, whatever `body` throws, a signal's reason
 */
export function exchange(agent: Agent, outgoing: Outgoing): Promise<Incoming> {
  const { method, path, headers, signals, headersMs } = outgoing;
  return new Promise<Incoming>((resolve, reject) => {
    const request = httpRequest({ agent, method, path, headers: { ...headers }, setHost: false });
    let answered: IncomingMessage | undefined;
    let timer: NodeJS.Timeout | undefined;
    const fail = (error: Error): void => {
      // A request that still waits for its connection would report it only then.
      reject(error);
      answered?.destroy(error);
      request.destroy(error);
    };
    const unwatch = watch(signals, fail);
    request.once('close', () => {
      clearTimeout(timer);
      unwatch();
      reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    });
    // Stays for good: a connection can break after the answer, too.
    request.on('error', reject);
    request.once('response', (response) => {
      clearTimeout(timer);
      answered = response;
      const answer = incoming(request, response, outgoing);
      const done = (): void => resolve(answer);
      // One without content frees its connection at its end; a request before would open another.
      if (response.readableFlowing === true) response.once('end', done).once('close', done);
      else done();
    });
    if (outgoing.body === undefined) {
      request.once('socket', () => {
        timer = setTimeout(() => fail(coded(HEADERS_TIMEOUT)), headersMs);
      });
      request.end();
    } else {
      sendBody(request, outgoing.body, Number(headers['content-length'])).catch(fail);
    }
  });
}

/** @returns what ends the watch */
function watch(signals: readonly AbortSignal[], fail: (error: Error) => void): () => void {
  const listeners = signals.map((signal) => {
    const listener = (): void => {
      const reason: unknown = signal.reason;
      fail(reason instanceof Error ? reason : new Error('aborted'));
    };
    signal.addEventListener('abort', listener, { once: true });
    return () => signal.removeEventListener('abort', listener);
  });
  return () => {
    for (const remove of listeners) remove();
  };
}

/** The last chunk ends the request: were it answered before, its connection would not be reused. */
async function sendBody(request: ClientRequest, body: Bytes, length: number): Promise<void> {
  let left = length;
  for await (const chunk of body) {
    if (request.destroyed) return;
    left -= chunk.byteLength;
    if (left === 0) request.end(chunk);
    else if (!request.write(chunk)) await drained(request);
    if (request.destroyed) return;
  }
  if (left !== 0) request.end();
}

function drained(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      request.off('drain', done).off('close', done);
      resolve();
    };
    request.on('drain', done).on('close', done);
  });
}

function incoming(
  request: ClientRequest,
  response: IncomingMessage,
  { method, idleMs }: Outgoing,
): Incoming {
  const status = response.statusCode ?? 0;
  // Kept, so that whoever reads later learns why the connection broke.
  response.on('error', () => undefined);
  const empty = method === 'HEAD' || response.headers['content-length'] === '0';
  if (empty) response.resume();
  return {
    status,
    rawHeaders: response.rawHeaders,
    body: empty ? bytesOf(new Uint8Array()) : read(response, idleMs),
    async discard(limit, ms) {
      if (response.readableEnded || response.destroyed || empty) return;
      if (Number(response.headers['content-length']) > limit) response.destroy();
      else await drain(response, limit, ms);
    },
    // The answer may be complete while the request is not.
    destroy: () => void request.destroy(),
  };
}

/** Counts only the time in which somebody waits for the next chunk. */
async function* read(response: IncomingMessage, idleMs: number): Bytes {
  let waiting = true;
  const timer = setTimeout(() => {
    if (waiting) response.destroy(coded(BODY_TIMEOUT));
  }, idleMs);
  try {
    for await (const chunk of response) {
      waiting = false;
      yield chunk as Uint8Array;
      waiting = true;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}

async function drain(response: IncomingMessage, limit: number, ms: number): Promise<void> {
  const timer = setTimeout(() => response.destroy(), ms);
  let left = limit;
  try {
    for await (const chunk of response) {
      left -= (chunk as Uint8Array).byteLength;
      if (left < 0) break;
    }
  } catch {
    response.destroy();
  } finally {
    clearTimeout(timer);
  }
}

function coded(code: string): Error {
  return Object.assign(new Error('no answer in time'), { code });
}
