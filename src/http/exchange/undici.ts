import { callbackify } from 'node:util';
import type * as undici from 'undici';
import type { Dispatcher, Pool as UndiciPool } from 'undici';
import { AbortWatch } from '../../util/abort-watch.ts';
import { type Bytes, bytesOf } from '../../util/bytes.ts';
import { BufferedBody } from './buffered-body.ts';
import type { DialTarget } from '../dial/connect.ts';
import type { Dial } from '../dial/dialer.ts';
import {
  connectionReturned,
  drainBody,
  IDLE_CONNECTION_MS,
  onAbort,
  type Pool,
  type RawRequest,
  type RawResponse,
  readBody,
} from './types.ts';
import { HEADERS_TIMEOUT, timeoutError } from '../error-codes.ts';

/** A connection that the server closes this soon is not reused. */
const IDLE_MARGIN_MS = 1000;

/** Loads the code before the first request needs it. */
export function loadUndici(): Promise<Pick<typeof undici, 'Pool'>> {
  return import('undici');
}

/** For many requests: undici over the dialer's sockets. */
export async function undiciPool(connect: Dial, target: DialTarget): Promise<Pool> {
  const { Pool: Connections } = await loadUndici();
  const dial = callbackify(() => connect(target));
  const aborts = new AbortWatch();
  const pool = new Connections(`${target.protocol}//${target.host ?? target.hostname}`, {
    pipelining: 1,
    // The dialer offers only HTTP/1.1; otherwise the pool waits for its first connection.
    allowH2: false,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    keepAliveMaxTimeout: IDLE_CONNECTION_MS,
    keepAliveTimeoutThreshold: IDLE_MARGIN_MS,
    // `exchange` enforces the same time limits for both clients.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect(_options, callback) {
      dial((error, socket) => {
        const failure = error ?? socket.errored;
        if (failure === null) callback(null, socket);
        else callback(failure, null);
      });
    },
  });
  return {
    exchange: (rawRequest) => exchange(pool, aborts, rawRequest),
    destroy: () => void pool.destroy(new Error('the client was closed')),
  };
}

function exchange(
  pool: UndiciPool,
  aborts: AbortWatch,
  rawRequest: RawRequest,
): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const conversation = new DispatchHandler(aborts, rawRequest, resolve, reject);
    pool.dispatch(toDispatchOptions(rawRequest, conversation), conversation);
  });
}

function toDispatchOptions(
  { method, path, headers, body }: RawRequest,
  { fail }: DispatchHandler,
): Dispatcher.DispatchOptions {
  const chunks = body && limitTo(body, Number(headers['content-length']), fail);
  return {
    path,
    method,
    headers: { ...headers },
    // undici reads any async iterable; its types name only streams.
    body: (chunks ?? null) as never,
    // Registries answer HEAD correctly, and a copy sends one for every blob: keep the connection.
    reset: false,
  };
}

/**
 * Ends with the last byte: otherwise, if the answer comes before the source ends, the connection is
 * not reused. What the source throws after that goes to `fail`.
 */
async function* limitTo(body: Bytes, length: number, fail: (error: Error) => void): Bytes {
  const source = body[Symbol.asyncIterator]();
  let left = length;
  try {
    while (left > 0) {
      const { value, done } = await source.next();
      if (done === true) return;
      left -= value.byteLength;
      yield value;
    }
    source.next().catch(fail);
  } finally {
    if (left > 0) await source.return?.();
  }
}

/** Handles undici's callbacks for one request. */
class DispatchHandler implements Dispatcher.DispatchHandler {
  readonly #rawRequest: RawRequest;
  readonly #resolve: (answer: RawResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #unwatch: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #body: BufferedBody | undefined;
  #answer: RawResponse | undefined;

  constructor(
    aborts: AbortWatch,
    rawRequest: RawRequest,
    resolve: (answer: RawResponse) => void,
    reject: (error: Error) => void,
  ) {
    this.#rawRequest = rawRequest;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#unwatch = onAbort(aborts, rawRequest.signals, this.fail);
  }

  readonly fail = (error: Error): void => {
    this.#failure = error;
    // undici reports it only after the request gets a connection.
    this.#reject(error);
    this.#body?.end(error);
    this.#controller?.abort(error);
  };

  /** A connection is available, and the request is about to be written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It already failed; throwing here keeps it from being sent.
    if (this.#failure !== undefined) throw this.#failure;
    this.#controller = controller;
    if (this.#rawRequest.body !== undefined) return;
    this.#timer = setTimeout(
      () => this.fail(timeoutError(HEADERS_TIMEOUT)),
      this.#rawRequest.headersMs,
    );
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // A 1xx answer only announces the real one.
    if (status < 200) return;
    clearTimeout(this.#timer);
    const body = new BufferedBody(controller);
    this.#body = body;
    const answer = toRawResponse(
      status,
      headerTexts(controller.rawHeaders),
      body,
      this.#rawRequest,
    );
    // An answer without content frees its connection at its end: wait, or another one is opened.
    if (answer.empty) this.#answer = answer;
    else this.#resolve(answer);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#body?.push(chunk);
  }

  onResponseEnd(): void {
    this.#unwatch();
    this.#body?.end();
    const answer = this.#answer;
    // undici also starts its wait at the end of this call.
    if (answer !== undefined)
      queueMicrotask(() => void connectionReturned().then(() => this.#resolve(answer)));
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    const error = withCode(cause);
    clearTimeout(this.#timer);
    this.#unwatch();
    if (this.#answer === undefined) this.#reject(error);
    else this.#resolve(this.#answer);
    this.#body?.end(error);
  }
}

function toRawResponse(
  status: number,
  rawHeaders: readonly string[],
  body: BufferedBody,
  rawRequest: RawRequest,
): RawResponse & { readonly empty: boolean } {
  const empty = rawRequest.method === 'HEAD' || lengthOf(rawHeaders) === 0;
  return {
    empty,
    status,
    rawHeaders,
    body: empty ? bytesOf(new Uint8Array()) : readBody(body, rawRequest),
    async discard(limit, ms) {
      if (body.done) return connectionReturned();
      if (lengthOf(rawHeaders) > limit) body.destroy();
      else await drainBody(body, limit, ms);
    },
    destroy: () => body.destroy(),
  };
}

/** Adds the code that Node's parser errors have and undici's lack. */
function withCode(error: Error): Error {
  if (error.name !== 'HTTPParserError') return error;
  return Object.assign(new Error(error.message, { cause: error }), { code: 'HPE_INVALID' });
}

/** NaN if there is none. */
function lengthOf(rawHeaders: readonly string[]): number {
  const at = rawHeaders.findIndex(
    (text, index) => index % 2 === 0 && text.toLowerCase() === 'content-length',
  );
  return Number(at === -1 ? undefined : rawHeaders[at + 1]);
}

function headerTexts(raw: Dispatcher.DispatchController['rawHeaders']): readonly string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((text) => (typeof text === 'string' ? text : text.toString('latin1')));
}
