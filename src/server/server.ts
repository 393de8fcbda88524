import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { AppError } from '../errors/app-error.ts';
import { dispatch, type RegistryOptions } from './api/dispatch.ts';
import { listen } from './listen.ts';
import { healthPages } from './pages.ts';

/** Storage, address and access of a registry. */
export interface RegistryServerOptions extends RegistryOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  readonly tls?: ServerCertificate | undefined;
  /** Throws why the storage cannot be used, for `/readyz`. Default: it always can. */
  readonly ready?: (() => Promise<void>) | undefined;
  /** Further connections are closed at once. Default: no limit. */
  readonly maxConnections?: number | undefined;
}

/** How a server ends. */
export interface CloseOptions {
  /** Milliseconds in which running requests may end. Default: 0. */
  readonly grace?: number | undefined;
}

/** PEM. */
export interface ServerCertificate {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/** A running registry. */
export interface RegistryServer extends AsyncDisposable {
  readonly url: URL;
  /** "127.0.0.1:5000", as written in an image name. */
  readonly host: string;
  /** Applies to new connections. @throws AppError TLS if key or certificate is unusable */
  useCertificate(certificate: ServerCertificate): void;
  /**
   * Takes no more connections, lets running requests end within the grace time, disconnects every
   * client and waits until the requests have finished with the storage.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** Idle connections are closed after this time; hashing a large upload takes less. */
const IDLE_MS = 10 * 60_000;
const KEEP_ALIVE_MS = 60_000;

/**
 * Serves the distribution-spec v1.1 API from `storage`.
 * @throws AppError IO if it cannot listen on the address, TLS if key or certificate is unusable
 * @example
 * import { createMemoryStorage, startRegistryServer } from '@regctl/cli/server';
 *
 * await using registry = await startRegistryServer({ storage: createMemoryStorage() });
 * console.log(registry.url.href); // http://127.0.0.1:…/
 */
export async function startRegistryServer(options: RegistryServerOptions): Promise<RegistryServer> {
  const sockets = new Set<Socket>();
  const running = new Set<Promise<void>>();
  const server = createServer(options.tls);
  let stopping = false;
  const pages = new Map([
    ...healthPages(async () => {
      if (stopping) throw new Error('the registry is stopping');
      await options.ready?.();
    }),
    ...(options.pages ?? []),
  ]);
  const served = { ...options, pages };
  server.on('request', (request, response) => {
    if (stopping) response.setHeader('Connection', 'close');
    const done = dispatch(served, request, response).finally(() => running.delete(done));
    running.add(done);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.requestTimeout = 0;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.setTimeout(IDLE_MS);

  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections;

  const host = await listen(server, options);
  const close = async ({ grace = 0 }: CloseOptions = {}): Promise<void> => {
    stopping = true;
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    if (grace > 0) await within(grace, ended(running));
    for (const socket of sockets) socket.destroy();
    await closed;
    await Promise.all(running);
  };
  return {
    url: new URL(`${options.tls === undefined ? 'http' : 'https'}://${host}/`),
    host,
    useCertificate: (tls) => {
      if (server instanceof HttpsServer) withCertificate(() => server.setSecureContext({ ...tls }));
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

function createServer(tls: ServerCertificate | undefined): Server {
  if (tls === undefined) return createHttpServer();
  return withCertificate(() => createHttpsServer({ cert: tls.cert, key: tls.key }));
}

function withCertificate<T>(use: () => T): T {
  try {
    return use();
  } catch (cause) {
    throw new AppError('TLS', 'cannot use the TLS certificate and key', {
      cause,
      hint: 'Both must be PEM, and the key must belong to the certificate.',
    });
  }
}

/** Resolves when no request runs, those that begin meanwhile included. */
async function ended(running: ReadonlySet<Promise<void>>): Promise<void> {
  while (running.size > 0) await Promise.all(running);
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const timer = Promise.withResolvers<void>();
  const timeout = setTimeout(timer.resolve, ms);
  await Promise.race([work, timer.promise]);
  clearTimeout(timeout);
}
