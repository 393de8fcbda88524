import type { ProxyRules, ProxyServer } from '../../config/proxies/rules.ts';
import { apiHost } from '../../reference/docker-hub.ts';
import { proxyHost, type DialRoute } from './dialer.ts';
import { proxyAuthorization, proxyRefusal, type ProxyError } from '../proxy/error.ts';
import type { HttpRequest, ResponseHeaders } from '../types.ts';

/**
 * Determines the route of a request. `auth` is set only on the registry's own origin, whose policy
 * may use another spelling. @throws AppError CONFIG_INVALID if the proxy setting is unusable
 */
export function dialRouteOf({ auth, url, initiator }: HttpRequest, proxies: ProxyRules): DialRoute {
  const host = auth === undefined ? url.host : apiHost(auth.registry);
  const route = routeTo(url, host, proxies);
  return initiator === undefined || initiator.origin === url.origin
    ? route
    : { ...route, initiator };
}

/** Determines the route to a URL that the user named. @throws AppError CONFIG_INVALID as above */
export function routeTo(url: URL, host: string, proxies: ProxyRules): DialRoute {
  const { proxy } = proxies(url);
  return {
    host,
    ...(proxy === undefined ? {} : { proxy }),
    ...(proxy !== undefined && isForwarded(proxy, url) ? { forward: true } : {}),
  };
}

/** Plain HTTP is forwarded by an HTTP proxy: many proxies open tunnels only to port 443. */
function isForwarded(proxy: ProxyServer, url: URL): boolean {
  return url.protocol === 'http:' && proxy.protocol !== 'socks5';
}

export interface RequestTarget {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the next hop gets of a URL: a path, or for a proxy the whole URL and the proxy's login. */
export function requestTarget(url: URL, { proxy, forward }: DialRoute): RequestTarget {
  const path = `${url.pathname}${url.search}`;
  if (proxy === undefined || forward !== true) return { origin: url.origin, path, headers: {} };
  const login = proxyAuthorization(proxy);
  return {
    // The dialer handles TLS with the proxy; the HTTP client only frames the request.
    origin: `http://${proxyHost(proxy)}`,
    path: `${url.origin}${path}`,
    headers: {
      host: url.host,
      ...(login === undefined ? {} : { 'proxy-authorization': login }),
    },
  };
}

/** The proxy's refusal of a forwarded request; undefined for an answer of the origin. */
export function forwardingError(
  { proxy, forward }: DialRoute,
  status: number,
  headers: ResponseHeaders,
): ProxyError | undefined {
  if (proxy === undefined || forward !== true) return undefined;
  const squid = headers.get('x-squid-error');
  if (status === 407) return proxyRefusal(proxy, status, squid);
  return squid === undefined || status < 400 ? undefined : proxyRefusal(proxy, status, squid);
}
