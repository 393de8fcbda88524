import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { isLoopback } from '../host-name.ts';
import { parseNoProxy } from './no-proxy.ts';

/** How a proxy is spoken to. */
export type ProxyProtocol = 'http' | 'https' | 'socks5';

/** A proxy to dial. `username` and `password` are secrets and never part of `label`. */
export interface ProxyServer {
  readonly protocol: ProxyProtocol;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** "http://proxy.corp:3128": for messages. */
  readonly label: string;
  /** What named it: "HTTPS_PROXY", "proxies.default.httpsProxy of /root/.docker/config.json". */
  readonly origin: string;
}

/** The proxy for a URL, and which setting chose it. */
export interface ProxyChoice {
  /** Undefined: the host is dialled directly. */
  readonly proxy: ProxyServer | undefined;
  /** For `doctor` and `--debug`; holds no secret: "NO_PROXY has .corp", "HTTPS_PROXY is set". */
  readonly reason: string;
}

/** The proxy of a URL, if any. @throws AppError CONFIG_INVALID when the setting is unusable */
export type ProxyRules = (url: URL) => ProxyChoice;

/** `proxies.default` of Docker's config.json. */
export interface DockerProxies {
  readonly path: string;
  readonly httpProxy?: string | undefined;
  readonly httpsProxy?: string | undefined;
  readonly noProxy?: string | undefined;
}

export type Env = Readonly<Record<string, string | undefined>>;

interface ProxySetting {
  readonly value: string;
  readonly origin: string;
}

export const NO_PROXIES: ProxyRules = () => ({ proxy: undefined, reason: 'no proxy is set' });

/**
 * Go's rules (golang.org/x/net/http/httpproxy). Docker's section replaces each variable that the
 * environment does not define; an empty variable is defined and means no proxy.
 */
export function createProxyRules(env: Env, docker?: DockerProxies): ProxyRules {
  const pick = (name: string, fallback: keyof DockerProxies): ProxySetting => {
    const found = [name, name.toLowerCase()].find((key) => (env[key] ?? '') !== '');
    if (found !== undefined) return { value: env[found] ?? '', origin: found };
    const defined = env[name] !== undefined || env[name.toLowerCase()] !== undefined;
    const value = defined ? '' : (docker?.[fallback] ?? '');
    return {
      value,
      origin: value === '' ? name : `proxies.default.${fallback} of ${docker?.path}`,
    };
  };
  const settings = {
    'http:': isCgi(env) ? cgiSetting(env) : pick('HTTP_PROXY', 'httpProxy'),
    'https:': pick('HTTPS_PROXY', 'httpsProxy'),
  };
  const exempt = pick('NO_PROXY', 'noProxy');
  const noProxy = parseNoProxy(exempt.value);

  return (url) => {
    const setting = settings[url.protocol === 'http:' ? 'http:' : 'https:'];
    if (setting.value.trim() === '') return direct(`${setting.origin} is not set`);
    const host = url.hostname.replace(/^\[|\]$|\.$/gu, '').toLowerCase();
    const port = url.port === '' ? (url.protocol === 'http:' ? '80' : '443') : url.port;
    if (isLoopback(host)) return direct('this machine is never reached through a proxy');
    const entry = noProxy({ host, port });
    if (entry !== undefined) return direct(`${exempt.origin} has ${sanitize(entry)}`);
    return { proxy: parseProxy(setting), reason: `${setting.origin} is set` };
  };
}

const direct = (reason: string): ProxyChoice => ({ proxy: undefined, reason });

/** A CGI program's HTTP_PROXY is the request header `Proxy:`, which anyone can set (httpoxy). */
function isCgi(env: Env): boolean {
  return (env['REQUEST_METHOD'] ?? '') !== '';
}

function cgiSetting(env: Env): ProxySetting {
  return { value: env['http_proxy'] ?? '', origin: 'http_proxy' };
}

const DEFAULT_PORT: Readonly<Record<ProxyProtocol, number>> = {
  http: 80,
  https: 443,
  socks5: 1080,
};

/** A URL, or `host:port` of an HTTP proxy. */
function parseProxy({ value, origin }: ProxySetting): ProxyServer {
  const text = value.trim();
  // The parser checks the host only under a special scheme, and socks5 is none.
  const [, scheme = 'http', rest = text] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/isu.exec(text) ?? [];
  const protocol = protocolOf(scheme.toLowerCase());
  const address = `http://${rest}`;
  if (protocol === undefined || !URL.canParse(address)) throw invalid(origin, protocol);
  const url = new URL(address);
  const host = url.hostname.replace(/^\[|\]$/gu, '');
  const port = portOf(rest, url) ?? DEFAULT_PORT[protocol];
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return {
    protocol,
    host,
    port,
    username: url.username === '' ? undefined : decode(url.username, origin),
    password: url.username === '' ? undefined : decode(url.password, origin),
    label: `${protocol}://${shownHost}:${port}`,
    origin,
  };
}

/** The URL parser drops port 80, which is not the default of other schemes. */
function portOf(rest: string, url: URL): number | undefined {
  if (url.port !== '') return Number(url.port);
  return /^[^/?#]*:0*80(?:[/?#]|$)/u.test(rest) ? 80 : undefined;
}

function protocolOf(scheme: string): ProxyProtocol | undefined {
  if (scheme === 'socks5h') return 'socks5';
  return scheme === 'http' || scheme === 'https' || scheme === 'socks5' ? scheme : undefined;
}

function decode(text: string, origin: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(origin, 'http');
  }
}

/** The value is not shown: it may hold a password. */
function invalid(origin: string, protocol: ProxyProtocol | undefined): AppError {
  const why = protocol === undefined ? 'its scheme is not supported' : 'it is not a proxy URL';
  return new AppError('CONFIG_INVALID', `${origin} cannot be used: ${why}`, {
    hint: 'Write http://[USER:PASSWORD@]HOST:PORT, https://… or socks5://…; percent-encode special characters.',
  });
}
