import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../../errors/app-error.ts';
import type { SyncMetrics } from '../../sync/metrics.ts';
import type { ListenAddress } from '../input/listen.ts';

export interface HealthServer extends AsyncDisposable {
  /** "http://127.0.0.1:43121/" */
  readonly url: string;
}

/**
 * Serves /healthz (200 while the process works), /readyz (200 after the first runs, until it is
 * stopped) and /metrics. @throws AppError IO if the address cannot be used
 */
export async function startHealthServer(
  { host, port }: ListenAddress,
  metrics: SyncMetrics,
  isReady: () => boolean,
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    request.resume();
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const answer = (status: number, text: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(request.method === 'HEAD' ? '' : text);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, 'only GET\n');
    else if (pathname === '/healthz') answer(200, 'ok\n');
    else if (pathname === '/readyz') answer(isReady() ? 200 : 503, isReady() ? 'ok\n' : 'wait\n');
    else if (pathname === '/metrics') answer(200, metrics.format());
    else answer(404, 'there are /healthz, /readyz and /metrics\n');
  });
  await new Promise<void>((done, fail) => {
    server.once('error', (error) =>
      fail(
        new AppError('IO', `cannot listen on ${host}:${port}: ${error.message}`, {
          cause: error,
          hint: 'Choose another address: --listen 127.0.0.1:0 takes a free port.',
        }),
      ),
    );
    server.listen({ host, port }, done);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((done) => {
        server.close(() => done());
      });
    },
  };
}
