import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { dispatch } from '../../../src/server/api/dispatch.ts';
import { createMemoryStorage } from '../../../src/server/storage/memory.ts';
import type { Storage } from '../../../src/server/storage/types.ts';

export interface Hub extends AsyncDisposable {
  readonly storage: Storage;
  /** "http://127.0.0.1:PORT" */
  readonly origin: string;
  readonly host: string;
  /** "GET /v2/library/app/manifests/v1", without those by which a test fills it. */
  readonly lines: string[];
  /** The headers of these requests. */
  readonly headers: Record<string, string | string[] | undefined>[];
  /** Answers instead of the registry if it returns true. */
  misbehave: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
}

/** A scripted Docker Hub: a registry that counts, limits, breaks down and dawdles as it is told. */
export async function startHub(): Promise<Hub> {
  const storage = createMemoryStorage();
  const sockets = new Set<Socket>();
  const lines: string[] = [];
  const headers: Hub['headers'] = [];
  const server = createServer((request, response) => {
    if (request.headers['x-test'] === undefined) {
      lines.push(`${request.method} ${request.url}`);
      headers.push(request.headers);
      if (hub.misbehave?.(request, response) === true) return;
    }
    void dispatch({ storage }, request, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const hub: Hub = {
    storage,
    origin: `http://${host}`,
    host,
    lines,
    headers,
    misbehave: undefined,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return hub;
}

/** For the requests by which a test fills the hub. */
export const UNCOUNTED = { 'x-test': '1' };

/** As Docker Hub answers above its pull limit. */
export function limited(request: IncomingMessage, response: ServerResponse): boolean {
  if (!(request.url ?? '').includes('/manifests/')) return false;
  response.writeHead(429, { 'Retry-After': '77', 'Content-Type': 'application/json' });
  response.end(
    '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit"}]}',
  );
  return true;
}

export function down(_request: IncomingMessage, response: ServerResponse): boolean {
  response.destroy();
  return true;
}
