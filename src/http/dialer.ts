import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { callbackify } from 'node:util';
import type { buildConnector } from 'undici';
import type { ProxyServer } from '../config/proxy.ts';
import { bareHost } from './address.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { ProxyError } from './proxy-error.ts';
import type { AddressGuard, Resolver } from './resolver.ts';
import { type KnownClass, mayDial } from './target.ts';
import type { TlsContexts } from './tls-context.ts';
import { CertificateError, isCertificateFault, isUnknownAuthority } from './tls-error.ts';
import { lookAtTls, type TlsLook } from './tls-look.ts';
import { openTunnel } from './tunnel.ts';

/** One way to a host; connections of different ways share nothing. */
export interface Connection {
  /** Host whose policy applies. */
  readonly host: string;
  /** Origin whose answer named the target; absent when the user did. */
  readonly via?: URL | undefined;
  /** Absent: the host is dialled directly. */
  readonly proxy?: ProxyServer | undefined;
  /** Requests are handed to the proxy in absolute form: plain HTTP through an HTTP proxy. */
  readonly forward?: boolean | undefined;
}

export type Connector = buildConnector.connector;
type Target = buildConnector.Options;
type Build = typeof buildConnector;

export interface Dialer {
  /**
   * Sockets for a connection, TLS done and verified; for undici's `connect` and Node's
   * `createConnection`. Fails with a socket error, CertificateError, ProxyError or AppError.
   */
  connector(connection: Connection): Promise<Connector>;
  /** What an unverified handshake with the origin shows. @throws socket errors, ProxyError */
  look(url: URL, connection: Connection): Promise<TlsLook>;
  /** Ends what is being dialled. */
  close(): void;
}

export interface DialerOptions {
  readonly contexts: TlsContexts;
  readonly resolver: Resolver;
  /** TCP connection and TLS handshake, milliseconds; the same again for the way through a proxy. */
  readonly connectMs: number;
}

/** Time for one address before the next is tried beside it (RFC 8305 wants 250 ms to 2 s). */
const NEXT_ADDRESS_MS = 1000;
/** A second look at a certificate that failed must not double the wait. */
const LOOK_MS = 5000;

export function createDialer({ contexts, resolver, connectMs }: DialerOptions): Dialer {
  const pending = new Set<Socket>();
  // In TLS 1.3 a server's no to a client certificate comes after the handshake: maybe before anybody
  // listens for errors, and followed by an end that undici would report in its place.
  const early = new WeakMap<Socket, Error>();
  const run = (connector: Connector, target: Target): Promise<Socket> =>
    new Promise((resolve, reject) => {
      connector(target, (error, socket) => {
        if (error !== null) {
          reject(error);
        } else {
          socket.once('error', (late: Error) => {
            early.set(socket, late);
            socket.destroy(late);
          });
          resolve(socket);
        }
      });
    });
  const looks = new Map<string, Promise<CertificateFacts | undefined>>();

  /** TCP, and TLS where the protocol says so, verified as `host` wants it. */
  const dial = (build: Build, host: string, via?: URL): Connector => {
    const made = new WeakMap<object, Connector>();
    const connectorOf = (settings: object): Connector => {
      const existing = made.get(settings);
      if (existing !== undefined) return existing;
      const connector = build({
        timeout: connectMs,
        lookup: resolver.lookup(via === undefined ? undefined : guardOf(via, resolver.knownClass)),
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
        ...settings,
      });
      made.set(settings, connector);
      return connector;
    };
    return (target, callback) => {
      const settings = target.protocol === 'https:' ? contexts.get(host) : PLAIN;
      connectorOf(settings)(target, callback);
    };
  };

  const toProxy = async (build: Build, proxy: ProxyServer): Promise<Socket> => {
    const host = hostOf(proxy);
    const target: Target = {
      protocol: proxy.protocol === 'https' ? 'https:' : 'http:',
      hostname: proxy.host,
      host,
      port: String(proxy.port),
    };
    const connect = dial(build, host);
    try {
      return await trusting(
        host,
        () => run(connect, target),
        () => lookAtTls({ ...wayTo(target), lookup: resolver.lookup() }, LOOK_MS),
      );
    } catch (error) {
      throw new ProxyError(proxy, 'reach', 'it cannot be reached', error);
    }
  };

  const tunnel = async (build: Build, proxy: ProxyServer, target: Target): Promise<Socket> => {
    const socket = await toProxy(build, proxy);
    socket.on('error', () => undefined);
    pending.add(socket);
    const late = Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' });
    const timer = setTimeout(() => socket.destroy(late), connectMs);
    try {
      await openTunnel(socket, proxy, { host: bareHost(target.hostname), port: portOf(target) });
      return socket;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      pending.delete(socket);
    }
  };

  /** Trusts more when an authority is unknown, and looks at a certificate that stays refused. */
  const trusting = async (
    host: string,
    attempt: () => Promise<Socket>,
    look: (() => Promise<TlsLook>) | undefined,
  ): Promise<Socket> => {
    for (;;) {
      const wide = contexts.isWide(host);
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof ProxyError || !isCertificateFault(error)) throw error;
        if (isUnknownAuthority(error) && !wide) {
          contexts.widen(host);
          continue;
        }
        throw new CertificateError(host, await factsOf(host, look), error);
      }
    }
  };
  const factsOf = (
    host: string,
    look: (() => Promise<TlsLook>) | undefined,
  ): Promise<CertificateFacts | undefined> => {
    const facts =
      looks.get(host) ??
      Promise.resolve(look?.()).then(
        (seen) => (seen?.tls === true ? seen.certificate : undefined),
        () => undefined,
      );
    looks.set(host, facts);
    return facts;
  };

  const look = async (
    url: URL,
    { proxy, via }: Connection,
    timeoutMs: number,
  ): Promise<TlsLook> => {
    const { buildConnector: build } = await import('undici');
    const target = { protocol: url.protocol, hostname: bareHost(url.hostname), port: url.port };
    const guard = via === undefined ? undefined : guardOf(via, resolver.knownClass);
    const way = { ...wayTo(target), lookup: resolver.lookup(guard) };
    if (proxy === undefined) return lookAtTls(way, timeoutMs);
    return lookAtTls({ ...way, socket: await tunnel(build, proxy, target) }, timeoutMs);
  };

  return {
    async connector(connection) {
      const { buildConnector: build } = await import('undici');
      const { host, via, proxy, forward } = connection;
      const direct = dial(build, host, via);
      const attempt = async (target: Target): Promise<Socket> => {
        if (proxy === undefined) return run(direct, target);
        if (forward === true) return toProxy(build, proxy);
        const httpSocket = await tunnel(build, proxy, target);
        return target.protocol === 'https:' ? run(direct, { ...target, httpSocket }) : httpSocket;
      };
      return (target, callback) => {
        const url = new URL(`${target.protocol}//${target.host ?? target.hostname}/`);
        const socket = callbackify(() =>
          trusting(
            host,
            () => attempt(target),
            () => look(url, connection, LOOK_MS),
          ),
        );
        socket((error, result) => {
          const failure = error ?? early.get(result);
          if (failure === undefined) callback(null, result);
          else callback(failure, null);
        });
      };
    },
    look: (url, connection) => look(url, connection, connectMs),
    close() {
      for (const socket of pending) socket.destroy();
    },
  };
}

const PLAIN = {};

function wayTo(target: Target): ConnectionOptions {
  const name = bareHost(target.hostname);
  return {
    host: name,
    port: portOf(target),
    ALPNProtocols: ['http/1.1'],
    ...(isIP(name) === 0 ? { servername: name } : {}),
  };
}

/** A proxy as a host with a policy of its own. */
export function hostOf({ host, port, protocol }: ProxyServer): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return protocol === 'https' && port === 443 ? name : `${name}:${port}`;
}

function portOf({ port, protocol }: Target): number {
  if (port !== '' && port !== null && port !== undefined) return Number(port);
  return protocol === 'http:' ? 80 : 443;
}

function guardOf(via: URL, knownClass: KnownClass): AddressGuard {
  return (hostname, address) => {
    const same = bareHost(hostname) === bareHost(via.hostname);
    if (same || mayDial(via, address, knownClass)) return undefined;
    return `${via.host} points at ${hostname}, which has a ${address} address`;
  };
}
