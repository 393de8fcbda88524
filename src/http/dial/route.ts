import type { ProxyRules, ProxyServer } from '../../config/proxies/rules.ts';
import { apiHost } from '../../reference/docker-hub.ts';
import { hostOf, type Connection } from './dialer.ts';
import { proxyAuthorization, refusalOf, type ProxyError } from '../proxy/error.ts';
import type { HttpRequest, ResponseHeaders } from '../types.ts';

/**
 * The way a request goes. `auth` is left only on the registry's own origin, whose policy may go by
 * another spelling. @throws AppError CONFIG_INVALID when the proxy that applies is unusable
 */
export function connectionOf({ auth, url, via }: HttpRequest, proxies: ProxyRules): Connection {
  const host = auth === undefined ? url.host : apiHost(auth.registry);
  const way = wayTo(url, host, proxies);
  return via === undefined || via.origin === url.origin ? way : { ...way, via };
}

/** The way to a URL that the user named. @throws AppError CONFIG_INVALID as above */
export function wayTo(url: URL, host: string, proxies: ProxyRules): Connection {
  const { proxy } = proxies(url);
  return {
    host,
    ...(proxy === undefined ? {} : { proxy }),
    ...(proxy !== undefined && forwards(proxy, url) ? { forward: true } : {}),
  };
}

/** Plain HTTP is handed to an HTTP proxy whole: many proxies open tunnels to port 443 alone. */
function forwards(proxy: ProxyServer, url: URL): boolean {
  return url.protocol === 'http:' && proxy.protocol !== 'socks5';
}

export interface RequestLine {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the next hop needs of a URL: a path, or for a proxy the whole URL and its own login. */
export function requestLine(url: URL, { proxy, forward }: Connection): RequestLine {
  const path = `${url.pathname}${url.search}`;
  if (proxy === undefined || forward !== true) return { origin: url.origin, path, headers: {} };
  const login = proxyAuthorization(proxy);
  return {
    // The dialer speaks TLS with the proxy where it is wanted; the HTTP client only frames the request.
    origin: `http://${hostOf(proxy)}`,
    path: `${url.origin}${path}`,
    headers: {
      host: url.host,
      ...(login === undefined ? {} : { 'proxy-authorization': login }),
    },
  };
}

/** The proxy's own no to a forwarded request; an answer of the origin is undefined. */
export function forwardRefusal(
  { proxy, forward }: Connection,
  status: number,
  headers: ResponseHeaders,
): ProxyError | undefined {
  if (proxy === undefined || forward !== true) return undefined;
  const squid = headers.get('x-squid-error');
  if (status === 407) return refusalOf(proxy, status, squid);
  return squid === undefined || status < 400 ? undefined : refusalOf(proxy, status, squid);
}
