import { AbortWatch } from '../../util/abort-watch.ts';
import { bytesOf } from '../../util/bytes.ts';
import type { DialTarget } from '../dial/connect.ts';
import type { Dial } from '../dial/dialer.ts';
import { HEADERS_TIMEOUT, timeoutError } from '../error-codes.ts';
import { Connection } from '../sockets/connection.ts';
import { type AnswerHead, formatHead, parseHead } from '../sockets/head.ts';
import { SocketBody } from './socket-body.ts';
import {
  drainBody,
  IDLE_CONNECTION_MS,
  onAbort,
  type Pool,
  type RawRequest,
  type RawResponse,
  readBody,
} from './types.ts';

/**
 * For the bodies of large blobs: reads sockets into memory of its own, which takes less than half
 * the CPU time per byte of an HTTP client (docs/performance.md). It knows only the plainest
 * answers; `complete` sends everything else, and again what had another answer.
 */
export function socketPool(connect: Dial, target: DialTarget, complete: () => Promise<Pool>): Pool {
  const connections = new Connections(connect, target);
  const aborts = new AbortWatch();
  let library: Promise<Pool> | undefined;
  let closed = false;
  const completePool = async (): Promise<Pool> => {
    library ??= complete();
    const pool = await library;
    if (closed) pool.destroy();
    return pool;
  };
  /** What this server says is not plain: the complete client from now on. */
  let isPlain = true;
  return {
    async exchange(request) {
      const head =
        isPlain && request.method === 'GET' && request.body === undefined
          ? formatHead(request.method, request.path, request.headers)
          : undefined;
      if (head !== undefined) {
        const answer = await ask(connections, aborts, request, head);
        if (answer !== undefined) return answer;
        isPlain = false;
      }
      return (await completePool()).exchange(request);
    },
    destroy() {
      closed = true;
      connections.destroy();
      void library?.then((pool) => pool.destroy());
    },
  };
}

/** The open connections to one target. */
class Connections {
  readonly #connect: Dial;
  readonly #target: DialTarget;
  readonly #open = new Set<Connection>();
  readonly #idle = new Map<Connection, NodeJS.Timeout>();
  #closed = false;

  constructor(connect: Dial, target: DialTarget) {
    this.#connect = connect;
    this.#target = target;
  }

  /** The one that was used last, or a new one. */
  async get(): Promise<Connection> {
    for (const [connection, timer] of [...this.#idle].reverse()) {
      clearTimeout(timer);
      this.#idle.delete(connection);
      if (connection.ending === undefined) return connection;
    }
    const made: Connection[] = [];
    const socket = await this.#connect(this.#target, (socketOf) => {
      const connection = new Connection(socketOf);
      made.push(connection);
      return connection.onread;
    });
    const connection = made.find((one) => one.socket === socket);
    if (connection === undefined) throw new Error('the connection has no reader');
    connection.open();
    this.#open.add(connection);
    socket.once('close', () => {
      clearTimeout(this.#idle.get(connection));
      this.#idle.delete(connection);
      this.#open.delete(connection);
    });
    if (this.#closed) connection.destroy();
    return connection;
  }

  /** Keeps a connection for another request. */
  put(connection: Connection, keepMs: number): void {
    connection.listen(undefined);
    if (keepMs === 0 || this.#closed) connection.destroy();
    if (connection.ending !== undefined) return;
    const ms = Math.min(keepMs, IDLE_CONNECTION_MS);
    this.#idle.set(connection, setTimeout(() => connection.destroy(), ms).unref());
  }

  destroy(): void {
    this.#closed = true;
    for (const connection of this.#open) connection.destroy(new Error('the client was closed'));
  }
}

/** @returns undefined if the answer is one for a complete client */
function ask(
  connections: Connections,
  aborts: AbortWatch,
  request: RawRequest,
  requestHead: string,
): Promise<RawResponse | undefined> {
  return new Promise((resolve, reject) => {
    let connection: Connection | undefined;
    let body: SocketBody | undefined;
    let timer: NodeJS.Timeout | undefined;
    let failure: Error | undefined;
    let received: Buffer = Buffer.alloc(0);
    const fail = (error: Error): void => {
      failure = error;
      over();
      reject(error);
      body?.destroy(error);
      connection?.destroy(error);
    };
    const unwatch = onAbort(aborts, request.signals, fail);
    const over = (): void => {
      clearTimeout(timer);
      unwatch();
    };
    const onHead = (head: AnswerHead, rest: Buffer, on: Connection): void => {
      clearTimeout(timer);
      const answered = new SocketBody(on, head.length, rest, request.reuseChunks === true, () => {
        unwatch();
        connections.put(on, head.keepMs);
      });
      body = answered;
      resolve(toRawResponse(head, answered, request));
    };
    const start = (on: Connection): void => {
      if (failure !== undefined) return connections.put(on, Infinity);
      connection = on;
      on.listen({
        arrived() {
          const bytes = on.take();
          if (bytes === undefined) return;
          received = received.byteLength === 0 ? bytes : Buffer.concat([received, bytes]);
          const head = parseHead(received);
          if (head === 'incomplete') {
            received = Buffer.from(received);
          } else if (head === 'other') {
            over();
            on.destroy();
            resolve(undefined);
          } else onHead(head, received.subarray(head.bytes), on);
        },
        ended: fail,
      });
      if (on.ending !== undefined) return fail(on.ending);
      on.write(requestHead);
      timer = setTimeout(() => fail(timeoutError(HEADERS_TIMEOUT)), request.headersMs);
      return undefined;
    };
    connections.get().then(start).catch(fail);
  });
}

function toRawResponse(head: AnswerHead, body: SocketBody, request: RawRequest): RawResponse {
  return {
    status: head.status,
    rawHeaders: head.rawHeaders,
    body: head.length === 0 ? bytesOf(new Uint8Array()) : readBody(body, request),
    async discard(limit, ms) {
      if (body.left === 0) return;
      if (body.left > limit) body.destroy();
      else await drainBody(body, limit, ms);
    },
    destroy: () => body.destroy(),
  };
}
