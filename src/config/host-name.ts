import { BlockList } from 'node:net';
import { isIP, isIPv6 } from '../util/text/ip-address.ts';

const NAME = /^(?:[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/iu;

/** Whether `text` is host[:port] and nothing else: no path, user, space or control character. */
export function isHostPort(text: string): boolean {
  const parts = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/iu.exec(text);
  const [, host = '', port] = parts ?? [];
  if (host.length > 255 || (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535))) {
    return false;
  }
  return host.startsWith('[') ? isIPv6(host.slice(1, -1)) : NAME.test(host);
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Whether host[:port], or an address without brackets, is `localhost`, 127.0.0.0/8 or ::1, which no
 * proxy can reach for this machine. Subdomains of `localhost` are not included.
 */
export function isLoopback(host: string): boolean {
  const name = isIPv6(host) ? host : hostWithoutPort(host).toLowerCase();
  const family = isIP(name);
  return family === 0 ? name === 'localhost' : LOOPBACK.check(name, family === 4 ? 'ipv4' : 'ipv6');
}

/** The name or address of host[:port], an IPv6 address without its brackets. */
export function hostWithoutPort(host: string): string {
  return host.replace(/:\d+$/u, '').replace(/^\[(.*)\]$/u, '$1');
}
