import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { callbackify } from 'node:util';
import { AbortWatch } from '../../util/abort-watch.ts';
import { type Bytes, bytesOf } from '../../util/bytes.ts';
import type { DialTarget } from '../dial/connect.ts';
import type { Dial } from '../dial/dialer.ts';
import {
  connectionReturned,
  drainBody,
  IDLE_CONNECTION_MS,
  onAbort,
  type RawRequest,
  type RawResponse,
  readBody,
  type ResponseBody,
  type RetiringPool,
} from './types.ts';
import { HEADERS_TIMEOUT, timeoutError } from '../error-codes.ts';

/** Node's HTTP client over the dialer's sockets, which already use TLS. */
class OriginAgent extends Agent {
  readonly #connect: Dial;
  readonly #target: DialTarget;

  constructor(connect: Dial, target: DialTarget) {
    super({ keepAlive: true, timeout: IDLE_CONNECTION_MS });
    this.#connect = connect;
    this.#target = target;
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): null {
    const connect = callbackify(() => this.#connect(this.#target));
    connect((error, socket) => callback?.(error ?? socket.errored, socket));
    return null;
  }
}

/**
 * For the bodies of blobs: Node's parser runs in native code and reads large pieces, which takes
 * half the CPU time per byte. Also for the first requests to an origin: it loads in a third of
 * undici's time (docs/performance.md).
 */
export function nodePool(connect: Dial, target: DialTarget): RetiringPool {
  const agent = new OriginAgent(connect, target);
  const aborts = new AbortWatch();
  return {
    exchange: (rawRequest) => exchange(agent, aborts, rawRequest),
    retire() {
      agent.maxFreeSockets = 0;
      for (const idle of Object.values(agent.freeSockets).flat()) idle?.destroy();
    },
    destroy: () => agent.destroy(),
  };
}

function exchange(agent: Agent, aborts: AbortWatch, rawRequest: RawRequest): Promise<RawResponse> {
  const { method, path, headers, signals, headersMs } = rawRequest;
  return new Promise<RawResponse>((resolve, reject) => {
    const request = httpRequest({ agent, method, path, headers: { ...headers }, setHost: false });
    let answered: IncomingMessage | undefined;
    let timer: NodeJS.Timeout | undefined;
    const fail = (error: Error): void => {
      // Node reports it only after the request gets a connection.
      reject(error);
      answered?.destroy(error);
      request.destroy(error);
    };
    const unwatch = onAbort(aborts, signals, fail);
    request.once('close', () => {
      clearTimeout(timer);
      unwatch();
      reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    });
    // Never removed: a connection can also break after the answer.
    request.on('error', reject);
    request.once('response', (response) => {
      clearTimeout(timer);
      answered = response;
      const answer = toRawResponse(request, response, rawRequest);
      const done = (): void => resolve(answer);
      // An answer without content frees its connection at its end: wait, or another one is opened.
      if (response.readableFlowing === true) response.once('end', done).once('close', done);
      else done();
    });
    if (rawRequest.body === undefined) {
      request.once('socket', () => {
        timer = setTimeout(() => fail(timeoutError(HEADERS_TIMEOUT)), headersMs);
      });
      request.end();
    } else {
      sendBody(request, rawRequest.body, Number(headers['content-length'])).catch(fail);
    }
  });
}

/**
 * Writes each chunk before it asks for the next, whose memory may be the same. The last chunk ends
 * the request: otherwise an early answer would prevent the reuse of its connection.
 */
async function sendBody(request: ClientRequest, body: Bytes, length: number): Promise<void> {
  let left = length;
  for await (const chunk of body) {
    if (request.destroyed) return;
    left -= chunk.byteLength;
    if (left === 0) request.end(chunk);
    else await writeChunk(request, chunk);
    if (request.destroyed) return;
  }
  if (left !== 0) request.end();
}

/** Also resolves if the request is over, because the chunk is then not sent. */
function writeChunk(request: ClientRequest, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      request.off('close', done);
      resolve();
    };
    request.on('close', done);
    request.write(chunk, done);
  });
}

function toRawResponse(
  request: ClientRequest,
  response: IncomingMessage,
  rawRequest: RawRequest,
): RawResponse {
  const status = response.statusCode ?? 0;
  // Handled here, so that a later reader gets the reason for the failure.
  response.on('error', () => undefined);
  const empty = rawRequest.method === 'HEAD' || response.headers['content-length'] === '0';
  if (empty) response.resume();
  const body: ResponseBody = response;
  return {
    status,
    rawHeaders: response.rawHeaders,
    body: empty ? bytesOf(new Uint8Array()) : readBody(body, rawRequest),
    async discard(limit, ms) {
      if (response.readableEnded || response.destroyed) return;
      if (empty) return connectionReturned();
      if (Number(response.headers['content-length']) > limit) response.destroy();
      else await drainBody(body, limit, ms);
    },
    // The answer may be complete before the request is.
    destroy: () => void request.destroy(),
  };
}
