import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { ProxyServer } from '../../config/proxies/rules.ts';
import { bareHost } from '../address/class.ts';
import { BULK_BYTES, connectSocket, portOf, type Target } from './connect.ts';
import { ProxyError } from '../proxy/error.ts';
import type { AddressGuard, Resolver } from '../address/resolver.ts';
import { mayDial, mayStay } from '../address/target.ts';
import type { TlsContexts } from '../tls/context.ts';
import { answersTls } from '../tls/client-hello.ts';
import { lookAtTls, type TlsLook } from '../tls/peek.ts';
import { createTrusting } from '../tls/trust-fallback.ts';
import { openTunnel } from '../proxy/tunnel.ts';

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

export type Connector = (target: Target) => Promise<Socket>;

export interface Dialer {
  /**
   * Sockets for a connection, TLS done and verified, for an HTTP parser alone to read; `bulk` for
   * Node's parser alone. Rejects with a socket error, CertificateError, ProxyError or AppError.
   */
  connector(connection: Connection, options?: { readonly bulk?: boolean }): Connector;
  /** What an unverified handshake with the origin shows. @throws socket errors, ProxyError */
  look(url: URL, connection: Connection): Promise<TlsLook>;
  /** Whether the origin answers a TLS greeting in TLS. @throws socket errors, ProxyError */
  speaksTls(url: URL, connection: Connection): Promise<boolean>;
  /** Ends what is being dialled. */
  close(): void;
}

export interface DialerOptions {
  readonly contexts: TlsContexts;
  readonly resolver: Resolver;
  /** TCP connection and TLS handshake, milliseconds; the same again for the way through a proxy. */
  readonly connectMs: number;
}

/** A second look at a certificate that failed must not double the wait. */
const LOOK_MS = 5000;

export function createDialer({ contexts, resolver, connectMs }: DialerOptions): Dialer {
  const pending = new Set<Socket>();
  let pieces: Buffer | undefined;
  let closed = false;
  const trusting = createTrusting(contexts);

  /** TCP, and TLS where the protocol says so, verified as `host` wants it. */
  const dial = (host: string, target: Target, way: Way = {}): Promise<Socket> => {
    const { via, ...rest } = way;
    const guard = via === undefined ? undefined : guardOf(via, resolver);
    return connectSocket(target, {
      timeoutMs: connectMs,
      lookup: resolver.lookup(guard),
      tls: () => contexts.get(host),
      pending,
      ...rest,
    });
  };

  const toProxy = async (proxy: ProxyServer): Promise<Socket> => {
    const host = hostOf(proxy);
    const target: Target = {
      protocol: proxy.protocol === 'https' ? 'https:' : 'http:',
      hostname: proxy.host,
      host,
      port: String(proxy.port),
    };
    try {
      return await trusting(
        host,
        () => dial(host, target),
        () => lookAtTls({ ...wayTo(target), lookup: resolver.lookup() }, LOOK_MS),
      );
    } catch (error) {
      throw new ProxyError(proxy, 'reach', 'it cannot be reached', error);
    }
  };

  const tunnel = async (proxy: ProxyServer, target: Target): Promise<Socket> => {
    const socket = await toProxy(proxy);
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

  const look = async (
    url: URL,
    { proxy, via }: Connection,
    timeoutMs: number,
  ): Promise<TlsLook> => {
    const target = { protocol: url.protocol, hostname: bareHost(url.hostname), port: url.port };
    const guard = via === undefined ? undefined : guardOf(via, resolver);
    const way = { ...wayTo(target), lookup: resolver.lookup(guard) };
    if (proxy === undefined) return lookAtTls(way, timeoutMs);
    return lookAtTls({ ...way, socket: await tunnel(proxy, target) }, timeoutMs);
  };

  return {
    connector(connection, options) {
      const { host, via, proxy, forward } = connection;
      if (options?.bulk === true) pieces ??= Buffer.allocUnsafeSlow(BULK_BYTES);
      const bulk = options?.bulk === true ? pieces : undefined;
      const attempt = async (target: Target): Promise<Socket> => {
        if (proxy === undefined) return dial(host, target, { via, bulk });
        if (forward === true) return toProxy(proxy);
        const through = await tunnel(proxy, target);
        return target.protocol === 'https:' ? dial(host, target, { via, through }) : through;
      };
      return (target) => {
        const url = new URL(`${target.protocol}//${target.host ?? target.hostname}/`);
        return trusting(
          host,
          () => attempt(target),
          () => look(url, connection, LOOK_MS),
        );
      };
    },
    look: (url, connection) => look(url, connection, connectMs),
    async speaksTls({ hostname, port }, { host, proxy, via }) {
      // Plain TCP, to the port of https where the address has none.
      const target: Target = { protocol: 'http:', hostname, port: port === '' ? '443' : port };
      const socket =
        proxy === undefined ? await dial(host, target, { via }) : await tunnel(proxy, target);
      const name = bareHost(hostname);
      pending.add(socket);
      try {
        const answer = await answersTls(socket, isIP(name) === 0 ? name : undefined, connectMs);
        // Hung up here, not there.
        if (closed) throw new Error('the client was closed');
        return answer;
      } finally {
        pending.delete(socket);
      }
    },
    close() {
      closed = true;
      for (const socket of pending) socket.destroy();
    },
  };
}

interface Way {
  readonly via?: URL | undefined;
  readonly through?: Socket | undefined;
  readonly bulk?: Buffer | undefined;
}

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

function guardOf(via: URL, resolver: Resolver): AddressGuard {
  return (hostname, address) => {
    const same = bareHost(hostname) === bareHost(via.hostname);
    const allowed = same
      ? mayStay(address, resolver.knownClasses(hostname))
      : mayDial(via, address, resolver.knownClass);
    if (allowed) return undefined;
    return `${via.host} points at ${hostname}, which has a ${address} address`;
  };
}
