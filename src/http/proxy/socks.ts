import type { ProxyServer } from '../../config/proxies/rules.ts';
import { ipv6Groups } from '../address/class.ts';
import { ProxyError } from './error.ts';
import type { ProxySocket, TunnelTarget } from './socket-reader.ts';
import { isIP } from '../../util/text/ip-address.ts';

const VERSION = 5;
const NO_LOGIN = 0;
const PASSWORD_LOGIN = 2;
const CONNECT = 1;

/** RFC 1928 section 6, "Reply field". */
const REPLIES: readonly string[] = [
  'succeeded',
  'it failed',
  'its rules do not allow this connection',
  'the network cannot be reached from there',
  'the host cannot be reached from there',
  'the connection was refused',
  'the time to live ran out',
  'it cannot connect',
  'it does not know this kind of address',
];

/** SOCKS 5 (RFC 1928), with username and password (RFC 1929); the proxy looks up names. */
export async function socksConnect(
  proxySocket: ProxySocket,
  proxy: ProxyServer,
  { host, port }: TunnelTarget,
): Promise<void> {
  await logIn(proxySocket, proxy);
  const address = addressOf(host, proxy);
  proxySocket.write(Buffer.from([VERSION, CONNECT, 0, ...address, port >> 8, port & 0xff]));
  const [version, reply = 1, , kind] = await proxySocket.bytes(4);
  if (version !== VERSION) throw notSocks(proxy);
  if (reply !== 0) {
    const what = REPLIES[reply] ?? `it answered ${reply}`;
    throw new ProxyError(proxy, 'refuse', what);
  }
  const size = kind === 1 ? 4 : kind === 4 ? 16 : ((await proxySocket.bytes(1))[0] ?? 0);
  await proxySocket.bytes(size + 2);
}

async function logIn(proxySocket: ProxySocket, proxy: ProxyServer): Promise<void> {
  const { username, password = '' } = proxy;
  const methods = username === undefined ? [NO_LOGIN] : [NO_LOGIN, PASSWORD_LOGIN];
  proxySocket.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method] = await proxySocket.bytes(2);
  if (version !== VERSION) throw notSocks(proxy);
  if (method === NO_LOGIN) return;
  if (method !== PASSWORD_LOGIN || username === undefined) {
    throw new ProxyError(proxy, 'login', 'asks for a login');
  }
  proxySocket.write(Buffer.from([1, ...field(username, proxy), ...field(password, proxy)]));
  const [, status] = await proxySocket.bytes(2);
  if (status !== 0) throw new ProxyError(proxy, 'login', 'rejected the login');
}

/** A length in one byte, and the text. */
function field(text: string, proxy: ProxyServer): readonly number[] {
  const bytes = Buffer.from(text);
  if (bytes.length > 255) {
    throw new ProxyError(
      proxy,
      'protocol',
      'takes names and logins of at most 255 bytes (SOCKS 5)',
    );
  }
  return [bytes.length, ...bytes];
}

/** Type and address; a name is sent unresolved. */
function addressOf(host: string, proxy: ProxyServer): readonly number[] {
  const family = isIP(host);
  if (family === 4) return [1, ...host.split('.').map(Number)];
  if (family === 6) return [4, ...ipv6Groups(host).flatMap((group) => [group >> 8, group & 0xff])];
  return [3, ...field(host, proxy)];
}

function notSocks(proxy: ProxyServer): ProxyError {
  return new ProxyError(proxy, 'protocol', 'does not speak SOCKS 5');
}
