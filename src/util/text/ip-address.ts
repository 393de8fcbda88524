import { isIP as isAnyIP, isIPv4 } from 'node:net';

/**
 * `isIP` of node:net: 4, 6 or 0. A text with fewer than two colons never reaches Node's pattern for
 * IPv6, which takes 5 ms to compile at first use.
 */
export function isIP(text: string): number {
  if (/:.*:/su.test(text)) return isAnyIP(text);
  return isIPv4(text) ? 4 : 0;
}

/** `isIPv6` of node:net, as above. */
export function isIPv6(text: string): boolean {
  return isIP(text) === 6;
}
