import type { Duplex } from 'node:stream';
import type { ProxyServer } from '../../config/proxies/rules.ts';
import { ProxyError, proxyAuthorization, refusalOf } from './error.ts';
import { socketReader, type SocketReader } from './socket-reader.ts';
import { socksConnect } from './socks.ts';

/** Where a tunnel ends; the proxy looks the name up. */
export interface TunnelEnd {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The proxy's end of the conversation. */
export interface TunnelWire extends SocketReader {
  write(bytes: string | Buffer): boolean;
}

const MAX_HEAD = 16 * 1024;

/** Asks the proxy behind `socket` for a connection to `end`. @throws ProxyError */
export async function openTunnel(
  socket: Duplex,
  proxy: ProxyServer,
  end: TunnelEnd,
): Promise<void> {
  const reader = socketReader(socket);
  const wire = { write: (bytes: string | Buffer): boolean => socket.write(bytes), ...reader };
  try {
    await (proxy.protocol === 'socks5' ? socksConnect : httpConnect)(wire, proxy, end);
  } catch (error) {
    if (error instanceof ProxyError) throw error;
    throw new ProxyError(proxy, 'speech', 'it hung up in place of an answer', error);
  } finally {
    reader.release();
  }
}

/** RFC 9110 section 9.3.6. Of the origin's headers none is sent: the proxy learns host and port. */
async function httpConnect(wire: TunnelWire, proxy: ProxyServer, end: TunnelEnd): Promise<void> {
  const authority = `${end.host.includes(':') ? `[${end.host}]` : end.host}:${end.port}`;
  const login = proxyAuthorization(proxy);
  wire.write(
    [
      `CONNECT ${authority} HTTP/1.1`,
      `Host: ${authority}`,
      ...(login === undefined ? [] : [`Proxy-Authorization: ${login}`]),
      '\r\n',
    ].join('\r\n'),
  );
  const head = (await wire.until('\r\n\r\n', MAX_HEAD)).toString('latin1');
  const [, code = '', reason = ''] = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]*))?/u.exec(head) ?? [];
  if (code === '') throw new ProxyError(proxy, 'speech', 'its answer is not HTTP');
  if (code.startsWith('2')) return;
  const squid = /^x-squid-error: *([^\r\n]*)/imu.exec(head)?.[1];
  throw refusalOf(proxy, Number(code), squid ?? reason);
}
