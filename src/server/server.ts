import { causeOf, errnoOf } from '../util/errno.ts';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { AppError } from '../errors/app-error.ts';
import { dispatch, type RegistryOptions } from './api/dispatch.ts';

export interface RegistryServerOptions extends RegistryOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  readonly tls?: ServerCertificate | undefined;
}

/** PEM. */
export interface ServerCertificate {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface RegistryServer extends AsyncDisposable {
  readonly url: URL;
  /** "127.0.0.1:5000", as written in an image name. */
  readonly host: string;
  /** Applies to new connections. @throws AppError TLS if key or certificate is unusable */
  useCertificate(certificate: ServerCertificate): void;
  /** Disconnects every client and waits until running requests have finished with the storage. */
  close(): Promise<void>;
}

/** Idle connections are closed after this time; hashing a large upload takes less. */
const IDLE_MS = 10 * 60_000;
const KEEP_ALIVE_MS = 60_000;

/**
 * Serves the distribution-spec v1.1 API from `storage`.
 * @throws AppError IO if it cannot listen on the address, TLS if key or certificate is unusable
 */
export async function startRegistryServer(options: RegistryServerOptions): Promise<RegistryServer> {
  const sockets = new Set<Socket>();
  const running = new Set<Promise<void>>();
  const server = createServer(options.tls);
  server.on('request', (request, response) => {
    const done = dispatch(options, request, response).finally(() => running.delete(done));
    running.add(done);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.requestTimeout = 0;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.setTimeout(IDLE_MS);

  const host = authority(await listen(server, options));
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
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
    [Symbol.asyncDispose]: close,
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

const LISTEN_CAUSES: Readonly<Record<string, { readonly words: string; readonly hint: string }>> = {
  EADDRINUSE: {
    words: 'another program uses this port',
    hint: 'Choose another port with --listen, or stop that program.',
  },
  EADDRNOTAVAIL: {
    words: 'it is not an address of this machine',
    hint: 'Use 127.0.0.1 for this machine only, or 0.0.0.0 for all of its addresses.',
  },
  EACCES: {
    words: 'permission denied',
    hint: 'Ports below 1024 may need more rights: choose a higher one.',
  },
  ENOTFOUND: {
    words: 'no address is known for this name',
    hint: 'Use 127.0.0.1 for this machine only, or 0.0.0.0 for all of its addresses.',
  },
};

async function listen(server: Server, options: RegistryServerOptions): Promise<AddressInfo> {
  const { host = '127.0.0.1', port = 0 } = options;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const errno = errnoOf(cause) ?? '';
    const { words, hint } = LISTEN_CAUSES[errno] ?? { words: causeOf(cause), hint: undefined };
    throw new AppError('IO', `cannot listen on ${host}:${port}: ${words}`, {
      cause,
      hint,
      details: { errno },
    });
  }
  return server.address() as AddressInfo;
}

function authority({ address, port, family }: AddressInfo): string {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
