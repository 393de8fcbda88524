import { createServer, type Server } from 'node:http';
import type { Reply } from './api/call.ts';
import type { Page } from './api/dispatch.ts';
import { errorReply, respond } from './api/respond.ts';
import { listen } from './listen.ts';
import type { Metrics } from './metrics/prometheus.ts';
import { ProtocolError } from './protocol-error.ts';

export type Pages = ReadonlyMap<string, Page>;

/** `/healthz` answers while the process runs; `/readyz` once `ready` resolves. */
export function healthPages(ready: () => Promise<void>): Pages {
  const isReady = async (): Promise<Reply> => {
    try {
      await ready();
      return textReply(200, 'ok\n');
    } catch (error) {
      return textReply(503, `${error instanceof Error ? error.message : String(error)}\n`);
    }
  };
  return new Map([
    ['/healthz', { isPublic: true, reply: async () => textReply(200, 'ok\n') }],
    ['/readyz', { isPublic: true, reply: isReady }],
  ]);
}

export function metricsPage(metrics: Metrics): Pages {
  const type = 'text/plain; version=0.0.4; charset=utf-8';
  return new Map([
    ['/metrics', { isPublic: false, reply: async () => textReply(200, metrics.text(), type) }],
  ]);
}

function textReply(status: number, text: string, type = 'text/plain; charset=utf-8'): Reply {
  const body = Buffer.from(text);
  const headers = {
    'Content-Type': type,
    'Cache-Control': 'no-store',
    'Content-Length': String(body.byteLength),
  };
  return { status, headers, body };
}

export interface PageServer extends AsyncDisposable {
  /** "127.0.0.1:5001" */
  readonly host: string;
}

/** Serves pages to everyone who reaches the address. @throws AppError IO if it cannot listen on it */
export async function startPageServer(
  pages: Pages,
  address: { readonly host: string; readonly port: number },
): Promise<PageServer> {
  const server: Server = createServer((request, response) => {
    response.on('error', () => undefined);
    const page = pages.get((request.url ?? '').replace(/\?.*$/su, ''));
    const missing = new ProtocolError('UNSUPPORTED', 'no such page', { status: 404 });
    const reply = page === undefined ? Promise.resolve(errorReply(missing)) : page.reply();
    void reply.catch(errorReply).then((done) => respond(response, request.method, done));
  });
  const host = await listen(server, address);
  return {
    host,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}
