import type { ProxyServer } from '../../config/proxies/rules.ts';
import { sanitize } from '../../errors/sanitize.ts';

/** `unreachable`: no connection to the proxy; `login`: wrong or no login; `refuse`: it refused. */
export type ProxyFailure = 'unreachable' | 'login' | 'refuse' | 'protocol';

/** A connection failed at or in the proxy. The message completes "the proxy …"; no credentials. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code = 'ERR_PROXY';
  readonly failure: ProxyFailure;
  readonly proxy: ProxyServer;

  constructor(proxy: ProxyServer, failure: ProxyFailure, what: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause });
    this.failure = failure;
    this.proxy = proxy;
  }
}

/** Describes a proxy's refusal, from its status line and Squid's header. */
export function proxyRefusal(
  proxy: ProxyServer,
  status: number,
  words: string | undefined,
): ProxyError {
  if (status === 407) {
    const what = proxy.username === undefined ? 'asks for a login' : 'rejected the login';
    return new ProxyError(proxy, 'login', `${what} (HTTP 407)`);
  }
  const said = words === undefined || words === '' ? '' : `: ${sanitize(words.slice(0, 200))}`;
  return new ProxyError(proxy, 'refuse', `HTTP ${status}${said}`);
}

/** `Proxy-Authorization`, sent only to the proxy. */
export function proxyAuthorization({ username, password }: ProxyServer): string | undefined {
  if (username === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}
