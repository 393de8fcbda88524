import { timedOut } from '../error-codes.ts';
import { type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { ProxyServer } from '../../config/proxies/rules.ts';
import { bareHost } from '../address/class.ts';
import {
  connectSocket,
  type DialTarget,
  portOf,
  READ_BUFFER_BYTES,
  type ReaderFactory,
} from './connect.ts';
import { ProxyError } from '../proxy/error.ts';
import { type AllowHost, requireAllowed } from '../address/allow-host.ts';
import {
  type AddressGuard,
  DISALLOWED_ADDRESS,
  FORBIDDEN_ADDRESS,
  type Resolver,
} from '../address/resolver.ts';
import { mayReach, mayStayOnHost } from '../address/target.ts';
import type { TlsContexts } from '../tls/context.ts';
import { answersTls } from '../tls/client-hello.ts';
import { peekTls, type TlsPeek } from '../tls/peek.ts';
import { createTrustFallback } from '../tls/trust-fallback.ts';
import { openTunnel } from '../proxy/tunnel.ts';
import { isIP } from '../../util/text/ip-address.ts';

/** One route to a host; connections of different routes share nothing. */
export interface DialRoute {
  /** Host whose policy applies. */
  readonly host: string;
  /** Origin whose answer named the target; absent if the user named it. */
  readonly initiator?: URL | undefined;
  /** Absent: the host is dialed directly. */
  readonly proxy?: ProxyServer | undefined;
  /** The proxy gets requests in absolute form: plain HTTP through an HTTP proxy. */
  readonly forward?: boolean | undefined;
}

/** With `reader`, which a route through a proxy cannot have, that reads the socket. */
export type Dial = (target: DialTarget, reader?: ReaderFactory) => Promise<Socket>;

export interface Dialer {
  /**
   * Opens sockets, with TLS verified, that only an HTTP parser may read; with `large`, only Node's
   * parser. Rejects with a socket error, CertificateError, ProxyError or AppError.
   */
  dialFor(route: DialRoute, options?: { readonly large?: boolean }): Dial;
  /** Runs an unverified handshake with the origin. @throws socket errors, ProxyError */
  peekTls(url: URL, route: DialRoute): Promise<TlsPeek>;
  /** Whether the origin answers a ClientHello with TLS. @throws socket errors, ProxyError */
  speaksTls(url: URL, route: DialRoute): Promise<boolean>;
  /** Aborts pending connections. */
  close(): void;
}

export interface DialerOptions {
  readonly contexts: TlsContexts;
  readonly resolver: Resolver;
  /** TCP connection and TLS handshake, milliseconds; once more for the connection to a proxy. */
  readonly connectMs: number;
  /** Hosts that may be dialed; a proxy is not asked about. Default: all. */
  readonly allowHost?: AllowHost | undefined;
}

/** The second look at a rejected certificate must not double the wait. */
const PEEK_MS = 5000;

export function createDialer({ contexts, resolver, connectMs, allowHost }: DialerOptions): Dialer {
  const pending = new Set<Socket>();
  let buffer: Buffer | undefined;
  let closed = false;
  const trusting = createTrustFallback(contexts);

  /** Connects by TCP, and TLS if the protocol requires it, verified by the policy of `host`. */
  const dial = (host: string, target: DialTarget, way: DialOptions = {}): Promise<Socket> => {
    const { initiator, isProxy, ...rest } = way;
    const guards = { initiator, allowHost: isProxy === true ? undefined : allowHost };
    return connectSocket(target, {
      timeoutMs: connectMs,
      lookup: resolver.lookup(guardOf(target.host ?? target.hostname, guards, resolver)),
      tls: () => contexts.get(host),
      pending,
      ...rest,
    });
  };

  const toProxy = async (proxy: ProxyServer): Promise<Socket> => {
    const host = proxyHost(proxy);
    const target: DialTarget = {
      protocol: proxy.protocol === 'https' ? 'https:' : 'http:',
      hostname: proxy.host,
      host,
      port: String(proxy.port),
    };
    try {
      return await trusting(
        host,
        () => dial(host, target, { isProxy: true }),
        () => peekTls({ ...connectionOptionsTo(target), lookup: resolver.lookup() }, PEEK_MS),
      );
    } catch (error) {
      throw new ProxyError(proxy, 'unreachable', 'cannot be reached', error);
    }
  };

  const tunnel = async (proxy: ProxyServer, target: DialTarget): Promise<Socket> => {
    const socket = await toProxy(proxy);
    socket.on('error', () => undefined);
    pending.add(socket);
    const late = timedOut();
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
    { proxy, initiator }: DialRoute,
    timeoutMs: number,
  ): Promise<TlsPeek> => {
    const target = { protocol: url.protocol, hostname: bareHost(url.hostname), port: url.port };
    const guard = guardOf(url.host, { initiator, allowHost }, resolver);
    const way = { ...connectionOptionsTo(target), lookup: resolver.lookup(guard) };
    if (proxy === undefined) return peekTls(way, timeoutMs);
    return peekTls({ ...way, socket: await tunnel(proxy, target) }, timeoutMs);
  };

  return {
    dialFor(route, options) {
      const { host, initiator, proxy, forward } = route;
      if (options?.large === true) buffer ??= Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
      const readBuffer = options?.large === true ? buffer : undefined;
      const attempt = async (target: DialTarget, reader?: ReaderFactory): Promise<Socket> => {
        if (proxy === undefined) return dial(host, target, { initiator, readBuffer, reader });
        if (forward === true) return toProxy(proxy);
        const tunnelSocket = await tunnel(proxy, target);
        return target.protocol === 'https:'
          ? dial(host, target, { initiator, tunnelSocket })
          : tunnelSocket;
      };
      return (target, reader) => {
        const url = new URL(`${target.protocol}//${target.host ?? target.hostname}/`);
        return trusting(
          host,
          () => attempt(target, reader),
          () => look(url, route, PEEK_MS),
        );
      };
    },
    peekTls: (url, route) => look(url, route, connectMs),
    async speaksTls(url, { host, proxy, initiator }) {
      if (allowHost !== undefined) requireAllowed(allowHost, url);
      const { hostname, port } = url;
      // Plain TCP, to the port of https if the address has none.
      const target: DialTarget = { protocol: 'http:', hostname, port: port === '' ? '443' : port };
      const socket =
        proxy === undefined ? await dial(host, target, { initiator }) : await tunnel(proxy, target);
      const name = bareHost(hostname);
      pending.add(socket);
      try {
        const answer = await answersTls(socket, isIP(name) === 0 ? name : undefined, connectMs);
        // This side closed the connection, not the server.
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

interface DialOptions {
  readonly initiator?: URL | undefined;
  readonly tunnelSocket?: Socket | undefined;
  readonly readBuffer?: Buffer | undefined;
  readonly reader?: ReaderFactory | undefined;
  readonly isProxy?: boolean | undefined;
}

function connectionOptionsTo(target: DialTarget): ConnectionOptions {
  const name = bareHost(target.hostname);
  return {
    host: name,
    port: portOf(target),
    ALPNProtocols: ['http/1.1'],
    ...(isIP(name) === 0 ? { servername: name } : {}),
  };
}

/** A proxy as a host, which has its own policy. */
export function proxyHost({ host, port, protocol }: ProxyServer): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return protocol === 'https' && port === 443 ? name : `${name}:${port}`;
}

interface Guards {
  readonly initiator: URL | undefined;
  readonly allowHost: AllowHost | undefined;
}

function guardOf(
  host: string,
  { initiator, allowHost }: Guards,
  resolver: Resolver,
): AddressGuard | undefined {
  if (initiator === undefined && allowHost === undefined) return undefined;
  return (hostname, kind, address) => {
    if (allowHost?.(host, address) === false) {
      throw refusal(DISALLOWED_ADDRESS, `allowHost refuses ${host} with the address ${address}`);
    }
    if (initiator === undefined) return;
    const same = bareHost(hostname) === bareHost(initiator.hostname);
    const allowed = same
      ? mayStayOnHost(kind, resolver.knownClasses(hostname))
      : mayReach(initiator, kind, resolver.knownClass);
    if (allowed) return;
    const text = `${initiator.host} points at ${hostname}, which has a ${kind} address`;
    throw refusal(FORBIDDEN_ADDRESS, text);
  };
}

const refusal = (code: string, text: string): Error => Object.assign(new Error(text), { code });
