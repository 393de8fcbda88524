import { callbackify } from 'node:util';
import type * as undici from 'undici';
import type { Dispatcher, Pool as UndiciPool } from 'undici';
import { type Bytes, bytesOf } from '../../util/bytes.ts';
import { BufferedBody } from './buffered-body.ts';
import type { Target } from '../dial/connect.ts';
import type { Connector } from '../dial/dialer.ts';
import {
  drainBody,
  freed,
  HEADERS_TIMEOUT,
  type Incoming,
  type Outgoing,
  type Pool,
  readBody,
  timeout,
  UNUSED_MS,
  watch,
} from './types.ts';

/** A server that closes after so little time is not raced for its connection. */
const UNUSED_MARGIN_MS = 1000;

/** For a start that has its code at hand before the first request. */
export function loadUndici(): Promise<Pick<typeof undici, 'Pool'>> {
  return import('undici');
}

/** For everything but the bodies of large blobs: undici over the dialer's sockets. */
export async function undiciPool(connect: Connector, target: Target): Promise<Pool> {
  const { Pool: Connections } = await loadUndici();
  const dial = callbackify(() => connect(target));
  const pool = new Connections(`${target.protocol}//${target.host ?? target.hostname}`, {
    pipelining: 1,
    keepAliveTimeout: UNUSED_MS,
    keepAliveMaxTimeout: UNUSED_MS,
    keepAliveTimeoutThreshold: UNUSED_MARGIN_MS,
    // Time limits are the same for both clients, and kept by `exchange`.
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
    exchange: (outgoing) => exchange(pool, outgoing),
    destroy: () => void pool.destroy(new Error('the client was closed')),
  };
}

function exchange(pool: UndiciPool, outgoing: Outgoing): Promise<Incoming> {
  return new Promise((resolve, reject) => {
    const conversation = new Conversation(outgoing, resolve, reject);
    pool.dispatch(requestOf(outgoing, conversation), conversation);
  });
}

function requestOf(
  { method, path, headers, body }: Outgoing,
  { fail }: Conversation,
): Dispatcher.DispatchOptions {
  const chunks = body && upTo(body, Number(headers['content-length']), fail);
  return {
    path,
    method,
    headers: { ...headers },
    // undici reads any async iterable; its types name only streams.
    body: (chunks ?? null) as never,
    // Registries answer HEAD rightly, and a copy asks it for every blob: keep the connection.
    reset: false,
  };
}

/**
 * Ends with the last byte: were the request answered while its source still makes an end, its
 * connection would not be reused. What the source then throws goes to `fail`.
 */
async function* upTo(body: Bytes, length: number, fail: (error: Error) => void): Bytes {
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

/** What undici calls in the course of one request. */
class Conversation implements Dispatcher.DispatchHandler {
  readonly #outgoing: Outgoing;
  readonly #resolve: (answer: Incoming) => void;
  readonly #reject: (error: Error) => void;
  readonly #unwatch: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #body: BufferedBody | undefined;
  #answer: Incoming | undefined;

  constructor(
    outgoing: Outgoing,
    resolve: (answer: Incoming) => void,
    reject: (error: Error) => void,
  ) {
    this.#outgoing = outgoing;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#unwatch = watch(outgoing.signals, this.fail);
  }

  readonly fail = (error: Error): void => {
    this.#failure = error;
    // A request that still waits for its connection would report it only then.
    this.#reject(error);
    this.#body?.end(error);
    this.#controller?.abort(error);
  };

  /** A connection is there, and the request about to be written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It waited for its connection in vain; what is thrown keeps it off the wire.
    if (this.#failure !== undefined) throw this.#failure;
    this.#controller = controller;
    if (this.#outgoing.body !== undefined) return;
    this.#timer = setTimeout(() => this.fail(timeout(HEADERS_TIMEOUT)), this.#outgoing.headersMs);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // An answer of 1xx only announces the real one.
    if (status < 200) return;
    clearTimeout(this.#timer);
    const body = new BufferedBody(controller);
    this.#body = body;
    const answer = incoming(status, textsOf(controller.rawHeaders), body, this.#outgoing);
    // One without content frees its connection at its end; a request before would open another.
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
    // undici, too, waits from the end of this call on.
    if (answer !== undefined) queueMicrotask(() => void freed().then(() => this.#resolve(answer)));
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    const error = coded(cause);
    clearTimeout(this.#timer);
    this.#unwatch();
    if (this.#answer === undefined) this.#reject(error);
    else this.#resolve(this.#answer);
    this.#body?.end(error);
  }
}

function incoming(
  status: number,
  rawHeaders: readonly string[],
  body: BufferedBody,
  { method, idleMs }: Outgoing,
): Incoming & { readonly empty: boolean } {
  const empty = method === 'HEAD' || lengthOf(rawHeaders) === 0;
  return {
    empty,
    status,
    rawHeaders,
    body: empty ? bytesOf(new Uint8Array()) : readBody(body, idleMs),
    async discard(limit, ms) {
      if (body.done) return freed();
      if (lengthOf(rawHeaders) > limit) body.destroy();
      else await drainBody(body, limit, ms);
    },
    destroy: () => body.destroy(),
  };
}

/** undici's parser leaves its errors without the code that Node's has. */
function coded(error: Error): Error {
  if (error.name !== 'HTTPParserError') return error;
  return Object.assign(new Error(error.message, { cause: error }), { code: 'HPE_INVALID' });
}

/** NaN where there is none. */
function lengthOf(rawHeaders: readonly string[]): number {
  const at = rawHeaders.findIndex(
    (text, index) => index % 2 === 0 && text.toLowerCase() === 'content-length',
  );
  return Number(at === -1 ? undefined : rawHeaders[at + 1]);
}

function textsOf(raw: Dispatcher.DispatchController['rawHeaders']): readonly string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((text) => (typeof text === 'string' ? text : text.toString('latin1')));
}
