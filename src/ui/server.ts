import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { AppError } from '../errors/app-error.ts';
import { causeOf, errnoOf } from '../util/errno.ts';
import { createSessions } from './access/sessions.ts';
import { createApp } from './app.tsx';
import type { UiOptions } from './types.ts';

/** The address of every listener: other machines cannot reach it. */
const LOOPBACK = '127.0.0.1';

const LISTEN_CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses this port',
  EACCES: 'permission denied',
};

export interface UiServer extends AsyncDisposable {
  /** "http://127.0.0.1:43210" */
  readonly origin: string;
  /** The address that logs the first browser in; works once and for a minute. */
  readonly firstAddress: string;
}

export interface UiServerOptions extends Omit<UiOptions, 'onKey'> {
  /** 0: any free port. */
  readonly port: number;
  /** Called with an address that logs a browser in, when one without a login asked for a page. */
  readonly onAddress: (address: string) => void;
}

/** Serves the pages on this machine until disposed. @throws AppError IO if the port is taken */
export async function startUiServer({
  port: wanted,
  onAddress,
  ...options
}: UiServerOptions): Promise<UiServer> {
  const sessions = createSessions(options.now);
  const stopping = new AbortController();
  let port = wanted;
  const origin = (): string => `http://${LOOPBACK}:${port}`;
  const addressOf = (key: string): string => `${origin()}/?key=${key}`;
  const app = createApp({
    ...options,
    sessions,
    port: () => port,
    signal: stopping.signal,
    onKey: (key) => onAddress(addressOf(key)),
  });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void listener(request, response));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, LOOPBACK, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const words = LISTEN_CAUSES[errnoOf(cause) ?? ''] ?? causeOf(cause);
    throw new AppError('IO', `cannot listen on ${LOOPBACK}:${wanted}: ${words}`, {
      cause,
      hint: 'Leave out --port to use any free port.',
      details: { errno: errnoOf(cause) },
    });
  }
  port = (server.address() as AddressInfo).port;
  return {
    origin: origin(),
    firstAddress: addressOf(sessions.issueKey() ?? ''),
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}
