import { isIPv6 } from 'node:net';

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

/** `localhost`, 127.0.0.0/8 and [::1], with or without a port; names below `localhost` are not. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/u, '');
  return name === 'localhost' || name === '[::1]' || isLoopbackV4(name);
}

function isLoopbackV4(name: string): boolean {
  return /^127(?:\.\d{1,3}){3}$/u.test(name) && name.split('.').every((part) => Number(part) < 256);
}

/** The name or address of host[:port], an IPv6 address without its brackets. */
export function hostWithoutPort(host: string): string {
  return host.replace(/:\d+$/u, '').replace(/^\[(.*)\]$/u, '$1');
}
