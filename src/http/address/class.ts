import { BlockList, isIPv4 } from 'node:net';
import { isIP } from '../../util/text/ip-address.ts';

/** How internal an address is; `special` (link-local, unspecified, multicast) is never a target. */
export type AddressClass = 'public' | 'private' | 'loopback' | 'special';

/** IANA special-purpose registries (RFC 6890 and its updates); the first class that matches wins. */
const RANGES: readonly (readonly [AddressClass, readonly string[]])[] = [
  ['loopback', ['127.0.0.0/8', '::1/128']],
  [
    'special',
    [
      '0.0.0.0/8',
      '169.254.0.0/16',
      '192.0.0.0/24',
      '224.0.0.0/4',
      '240.0.0.0/4',
      '::/128',
      'fe80::/10',
      'ff00::/8',
      // Amazon's instance metadata over IPv6.
      'fd00:ec2::/32',
    ],
  ],
  [
    'private',
    [
      '10.0.0.0/8',
      '100.64.0.0/10',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '198.18.0.0/15',
      'fc00::/7',
      'fec0::/10',
    ],
  ],
];

const LISTS: readonly (readonly [AddressClass, BlockList])[] = RANGES.map(([name, nets]) => {
  const list = new BlockList();
  for (const net of nets) {
    const [base = '', bits = ''] = net.split('/');
    list.addSubnet(base, Number(bits), isIPv4(base) ? 'ipv4' : 'ipv6');
  }
  return [name, list];
});

/**
 * Returns the class of an IP address. An IPv4 address embedded in an IPv6 one (mapped, compatible,
 * NAT64, 6to4) decides the class. Text that is not an address is `special`.
 */
export function classifyAddress(text: string): AddressClass {
  const address = text.replace(/%.*$/u, '');
  const family = isIP(address);
  if (family === 0) return 'special';
  if (family === 4) return classOf(address, 'ipv4');
  const outer = classOf(address, 'ipv6');
  const inner = embeddedIpv4(address);
  return outer !== 'public' || inner === undefined ? outer : classOf(inner, 'ipv4');
}

function classOf(address: string, family: 'ipv4' | 'ipv6'): AddressClass {
  return LISTS.find(([, list]) => list.check(address, family))?.[0] ?? 'public';
}

/** Prefix, and the index of the 16-bit groups with the IPv4 address. */
const EMBEDDINGS: readonly { readonly prefix: readonly number[]; readonly at: number }[] = [
  { prefix: [0, 0, 0, 0, 0, 0xffff], at: 6 },
  { prefix: [0, 0, 0, 0, 0xffff, 0], at: 6 },
  { prefix: [0, 0, 0, 0, 0, 0], at: 6 },
  { prefix: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 },
  { prefix: [0x64, 0xff9b, 1], at: 6 },
  { prefix: [0x2002], at: 1 },
];

function embeddedIpv4(address: string): string | undefined {
  const groups = ipv6Groups(address);
  const found = EMBEDDINGS.find(({ prefix }) => prefix.every((part, i) => groups[i] === part));
  if (found === undefined) return undefined;
  const high = groups[found.at] ?? 0;
  const low = groups[found.at + 1] ?? 0;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight 16-bit groups of a valid address; the URL parser turns a dotted tail into hex. */
export function ipv6Groups(address: string): number[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const front = parseGroups(head);
  if (tail === undefined) return front;
  const back = parseGroups(tail);
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
}

function parseGroups(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
}

/** The host of a URL without brackets and trailing dots. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/gu, '').replace(/\.+$/u, '');
}

/** The class that a host name itself shows; `undefined` for a name that needs DNS. */
export function classifyHost(hostname: string): AddressClass | undefined {
  const host = bareHost(hostname).toLowerCase();
  // RFC 6761 section 6.3: localhost and its subdomains are loopback.
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback';
  return isIP(host) === 0 ? undefined : classifyAddress(host);
}
