import type { Duplex } from 'node:stream';
import type { ProxyServer } from '../../config/proxies/rules.ts';
import { ProxyError, proxyAuthorization, proxyRefusal } from './error.ts';
import { type TunnelTarget, type ProxySocket, socketReader } from './socket-reader.ts';
import { socksConnect } from './socks.ts';

const MAX_HEAD = 16 * 1024;

/** Asks the proxy at `socket` for a connection to `target`. @throws ProxyError */
export async function openTunnel(
  socket: Duplex,
  proxy: ProxyServer,
  target: TunnelTarget,
): Promise<void> {
  const reader = socketReader(socket);
  const wire = { write: (bytes: string | Buffer): boolean => socket.write(bytes), ...reader };
  try {
    await (proxy.protocol === 'socks5' ? socksConnect : httpConnect)(wire, proxy, target);
  } catch (error) {
    if (error instanceof ProxyError) throw error;
    throw new ProxyError(proxy, 'protocol', 'closed the connection without an answer', error);
  } finally {
    reader.release();
  }
}

/** RFC 9110 section 9.3.6. Sends no headers of the origin: the proxy gets only host and port. */
async function httpConnect(
  proxySocket: ProxySocket,
  proxy: ProxyServer,
  target: TunnelTarget,
): Promise<void> {
  const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  const login = proxyAuthorization(proxy);
  proxySocket.write(
    [
      `CONNECT ${authority} HTTP/1.1`,
      `Host: ${authority}`,
      ...(login === undefined ? [] : [`Proxy-Authorization: ${login}`]),
      '\r\n',
    ].join('\r\n'),
  );
  const head = (await proxySocket.until('\r\n\r\n', MAX_HEAD)).toString('latin1');
  const [, code = '', reason = ''] = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]*))?/u.exec(head) ?? [];
  if (code === '') throw new ProxyError(proxy, 'protocol', 'does not answer with valid HTTP');
  if (code.startsWith('2')) return;
  const squid = /^x-squid-error: *([^\r\n]*)/imu.exec(head)?.[1];
  throw proxyRefusal(proxy, Number(code), squid ?? reason);
}
