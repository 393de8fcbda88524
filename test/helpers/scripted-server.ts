import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface ScriptedRequest {
  readonly method: string;
  /** Path with query, as sent. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

/** A reply, or a function that misbehaves by hand (cut sockets, endless bodies). */
export type Scripted = Reply | ((request: IncomingMessage, response: ServerResponse) => void);

/** `undefined` means that the test did not foresee this request: it fails when the server closes. */
export type Script = (
  request: ScriptedRequest,
  count: number,
) => Scripted | undefined | Promise<Scripted | undefined>;

export interface ScriptedServer extends AsyncDisposable {
  /** "http://127.0.0.1:PORT" */
  readonly origin: string;
  /** "127.0.0.1:PORT" */
  readonly host: string;
  readonly port: number;
  readonly requests: readonly ScriptedRequest[];
  /** "GET /v2/" lines, in order. */
  readonly lines: readonly string[];
  /** Ends every connection and the server. @throws when a request was not foreseen */
  close(): Promise<void>;
}

/** A loopback server that answers what the script says and records every request. */
export async function startScriptedServer(
  script: Script,
  options: { tls?: { key: string; cert: string }; host?: string } = {},
): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const unexpected: string[] = [];
  const sockets = new Set<Socket>();

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void answer(request, response).catch((error: unknown) => {
      unexpected.push(String(error));
      response.destroy();
    });
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const seen: ScriptedRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks),
    };
    requests.push(seen);
    const scripted = await script(seen, requests.length);
    if (scripted === undefined) {
      unexpected.push(`${seen.method} ${seen.path}`);
      response.writeHead(599).end();
    } else if (typeof scripted === 'function') {
      scripted(request, response);
    } else {
      const headers: Record<string, string | string[]> = {};
      for (const [key, value] of Object.entries(scripted.headers ?? {})) {
        headers[key] = typeof value === 'string' ? value : [...value];
      }
      response.writeHead(scripted.status, headers).end(scripted.body);
    }
  };

  const server =
    options.tls === undefined
      ? createHttpServer(listener)
      : createHttpsServer(options.tls, listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;

  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const problems = unexpected.splice(0);
    if (problems.length > 0) throw new Error(`unexpected requests: ${problems.join(', ')}`);
  };
  return {
    origin: `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}`,
    host: `${host}:${port}`,
    port,
    requests,
    get lines() {
      return requests.map((one) => `${one.method} ${one.path}`);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
