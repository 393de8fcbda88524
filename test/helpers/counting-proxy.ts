import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface CountingProxy extends AsyncDisposable {
  readonly host: string;
  readonly origin: string;
  /** "GET /v2/a/manifests/x 200" lines in the order of their answers. */
  readonly lines: string[];
  /** Bytes of request bodies that went through. */
  readonly uploaded: () => number;
}

/** Forwards to a plain-HTTP registry, keeping the Host header, and writes down every request. */
export async function startCountingProxy(target: {
  readonly port: number;
}): Promise<CountingProxy> {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  let uploaded = 0;
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      uploaded += chunk.byteLength;
    });
    const onward = httpRequest(
      {
        host: '127.0.0.1',
        port: target.port,
        method: request.method,
        path: request.url,
        headers: request.headers,
      },
      (answer) => {
        lines.push(`${request.method} ${request.url} ${answer.statusCode}`);
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    origin: `http://127.0.0.1:${port}`,
    lines,
    uploaded: () => uploaded,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
