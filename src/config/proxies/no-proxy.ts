import { BlockList, isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';
import { isIP } from '../../util/text/ip-address.ts';

/** A host and its port, as a URL names them; the default port is spelled out. */
export interface ProxyTarget {
  /** Lower case, without brackets. */
  readonly host: string;
  readonly port: string;
}

/** The entry of NO_PROXY that exempts a target; undefined when none does. */
export type NoProxy = (target: ProxyTarget) => string | undefined;

type Matcher = (target: ProxyTarget) => boolean;

/**
 * NO_PROXY as Go reads it (golang.org/x/net/http/httpproxy, Config.NoProxy): `*`, CIDR, IP[:port],
 * `name` including its subdomains, `.name` and `*.name` only for subdomains, each with an optional
 * port. Other entries are ignored.
 */
export function parseNoProxy(text: string): NoProxy {
  const entries: { readonly text: string; readonly matches: Matcher }[] = [];
  for (const part of text.split(',')) {
    const entry = part.trim().toLowerCase();
    if (entry === '*') return () => '*';
    const matches = matcherOf(entry);
    if (matches !== undefined) entries.push({ text: entry, matches });
  }
  return (target) => entries.find(({ matches }) => matches(target))?.text;
}

function matcherOf(entry: string): Matcher | undefined {
  if (entry === '') return undefined;
  const network = cidrList(entry);
  if (network !== undefined) return ({ host }) => isIP(host) !== 0 && listHas(network, host);
  const [name, port] = splitPort(entry);
  const samePort = (target: ProxyTarget): boolean => port === '' || port === target.port;
  if (isAddress(name)) {
    const one = listOf(name, isIPv4(name) ? 32 : 128);
    return (target) => isIP(target.host) !== 0 && listHas(one, target.host) && samePort(target);
  }
  const matchesName = nameMatcher(name);
  return matchesName && ((target) => matchesName(target.host) && samePort(target));
}

function nameMatcher(name: string): ((host: string) => boolean) | undefined {
  const bare = name.startsWith('*.') ? name.slice(1) : name;
  if (bare === '' || bare === '.') return undefined;
  const below = bare.startsWith('.');
  const own = below ? bare.slice(1) : bare;
  // domainToASCII stops where a URL's host ends, so a malformed name would become a different one.
  const ascii = /[/?#\\@:]/u.test(own) ? own : domainToASCII(own) || own;
  return (host) => host.endsWith(`.${ascii}`) || (!below && host === ascii);
}

/** Splits host and port like Go's net.SplitHostPort; brackets count only with a port. */
function splitPort(entry: string): readonly [host: string, port: string] {
  const parts = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:]*)$/u.exec(entry);
  return parts === null ? [entry, ''] : [parts[1] ?? parts[2] ?? '', parts[3] ?? ''];
}

function cidrList(entry: string): BlockList | undefined {
  const [base = '', bits = '', more] = entry.split('/');
  if (more !== undefined || !isAddress(base) || !/^\d{1,3}$/u.test(bits)) return undefined;
  return Number(bits) <= (isIPv4(base) ? 32 : 128) ? listOf(base, Number(bits)) : undefined;
}

/** An address without a zone: Go's parser rejects zones here too. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

function listOf(base: string, bits: number): BlockList {
  const list = new BlockList();
  list.addSubnet(base, bits, isIPv4(base) ? 'ipv4' : 'ipv6');
  return list;
}

function listHas(list: BlockList, host: string): boolean {
  return list.check(host, isIPv4(host) ? 'ipv4' : 'ipv6');
}
