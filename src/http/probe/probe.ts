import type { LookupAddress } from 'node:dns';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ProxyRules } from '../../config/proxies/rules.ts';
import type { TrustRoots } from '../../config/tls/roots.ts';
import { apiHost } from '../../reference/docker-hub.ts';
import { type CallOptions, abortable } from '../../util/abort.ts';
import { bareHost } from '../address/class.ts';
import { obtainFreshAuthorization, type FreshAuthorization } from './fresh-authorization.ts';
import { portOf } from '../dial/connect.ts';
import type { ConnectionReport } from './connection-report.ts';
import type { Dialer } from '../dial/dialer.ts';
import type { Endpoints } from '../dial/endpoint.ts';
import type { AuthorizationOptions, AuthorizationRequest } from '../auth/types.ts';
import { handshakeReport, type HandshakeReport } from './handshake-report.ts';
import { networkError } from '../dial/network-error.ts';
import type { Resolver } from '../address/resolver.ts';
import { routeTo } from '../dial/route.ts';
import { evaluateRealm, type RealmVerdict } from '../auth/realm-trust.ts';
import type { HttpClient } from '../types.ts';

/**
 * Reaches a registry step by step, without retries. `registry` is the logical registry of a URL.
 * Every step throws AppError as a request does.
 */
export interface Probe {
  /** Tells which proxy, certificates and roots apply to a URL. */
  explain(url: URL, registry: string): ConnectionReport;
  /** Every address of a name. */
  addresses(hostname: string, options?: CallOptions): Promise<readonly string[]>;
  /** Opens a TCP connection, through the proxy if any. Resolves to the address that was reached. */
  connect(url: URL, registry: string, options?: CallOptions): Promise<string>;
  /** Whether the server uses TLS, with any certificate. */
  speaksTls(url: URL, registry: string, options?: CallOptions): Promise<boolean>;
  /** A TLS handshake, verified as requests verify it. */
  handshake(url: URL, registry: string, options?: CallOptions): Promise<HandshakeReport>;
  /** Base URL of a registry, with its scheme determined. */
  endpoint(registry: string, options?: CallOptions): Promise<URL>;
  /** Judges whether a token server may receive the registry's credentials. */
  evaluateRealm(registry: string, registryUrl: URL, realm: URL): Promise<RealmVerdict>;
  /** Answers a challenge again; undefined if none of its offers can be used. */
  obtainFreshAuthorization(
    question: Omit<AuthorizationRequest, 'send'>,
  ): Promise<FreshAuthorization | undefined>;
}

export interface ProbeParts extends Omit<AuthorizationOptions, 'cache'> {
  readonly dialer: Dialer;
  readonly resolver: Resolver;
  readonly proxies: ProxyRules;
  readonly roots: TrustRoots;
  readonly explain: (url: URL, registry?: string) => ConnectionReport;
  readonly endpoint: Endpoints['resolve'];
  /** One exchange, without retries, redirects or credentials. */
  readonly send: HttpClient;
}

export function createProbe(parts: ProbeParts): Probe {
  const { dialer, resolver, proxies, policies, roots, allowedRealms } = parts;

  /** Opens a socket, passes it to `look` and closes it. */
  const withSocket = async <T>(
    { url, registry, protocol }: ProbeTarget,
    { signal }: CallOptions,
    look: (socket: Socket) => T,
  ): Promise<T> => {
    const connect = dialer.dialFor(routeTo(url, apiHost(registry), proxies));
    const { hostname, host } = url;
    const looked = connect({ protocol, hostname, host, port: String(portOf(url)) }).then(
      (socket) => {
        try {
          return look(socket);
        } finally {
          socket.destroy();
        }
      },
    );
    try {
      return await abortable(looked, signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw networkError(error, url.host);
    }
  };

  return {
    explain: parts.explain,
    addresses: (hostname, { signal } = {}) => abortable(addressesOf(hostname, resolver), signal),
    connect: (url, registry, options = {}) =>
      withSocket({ url, registry, protocol: 'http:' }, options, addressOf),
    async speaksTls(url, registry, { signal } = {}) {
      try {
        const route = routeTo(url, apiHost(registry), proxies);
        return await abortable(dialer.speaksTls(url, route), signal);
      } catch (error) {
        signal?.throwIfAborted();
        throw networkError(error, url.host);
      }
    },
    handshake: (url, registry, options = {}) =>
      withSocket({ url, registry, protocol: 'https:' }, options, (socket) => {
        if (!(socket instanceof TLSSocket)) throw new Error(`no TLS for ${url.protocol}`);
        return handshakeReport(socket, url.host, { policy: policies(apiHost(registry)), roots });
      }),
    endpoint: parts.endpoint,
    evaluateRealm: (registry, registryUrl, realm) =>
      evaluateRealm({ registry, registryUrl, realm, allowed: allowedRealms }),
    obtainFreshAuthorization: (question) => obtainFreshAuthorization(question, parts, parts.send),
  };
}

interface ProbeTarget {
  readonly url: URL;
  readonly registry: string;
  /** "http:" is only TCP, whatever the URL says. */
  readonly protocol: 'http:' | 'https:';
}

async function addressesOf(hostname: string, resolver: Resolver): Promise<readonly string[]> {
  const name = bareHost(hostname);
  const found = await new Promise<readonly LookupAddress[]>((resolve, reject) => {
    resolver.lookup()(name, { all: true }, (error, addresses) => {
      if (error !== null) reject(error);
      else resolve(Array.isArray(addresses) ? addresses : []);
    });
  }).catch((error: unknown) => {
    throw networkError(error, name);
  });
  return found.map(({ address }) => address);
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  const host = remoteAddress?.includes(':') === true ? `[${remoteAddress}]` : remoteAddress;
  return `${host ?? 'unknown'}:${remotePort ?? 0}`;
}
