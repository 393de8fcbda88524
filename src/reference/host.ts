import { isIPv4, isIPv6 } from 'node:net';
import { domainToUnicode } from 'node:url';
import { DOCKER_HUB } from './docker-hub.ts';
import { characterAt, quoteChar, type Problem } from './grammar.ts';

const IPV6_HINT = 'Write an IPv6 address in brackets, for example [::1]:5000/app.';
const PORT_HINT = 'A port is a number from 1 to 65535.';

/** Whether the first component of a name is a host and not part of a Docker Hub path. */
export function looksLikeHost(segment: string): boolean {
  return segment === 'localhost' || /[.:A-Z]/.test(segment) || segment.startsWith('[');
}

/** The rule that `host[:port]` breaks. */
export function hostProblem(text: string): Problem | undefined {
  return text.startsWith('[') ? bracketedProblem(text) : namedHostProblem(text);
}

function bracketedProblem(text: string): Problem | undefined {
  const close = text.indexOf(']');
  if (close < 0) return { at: 0, rule: 'invalid registry host: "]" is missing', hint: IPV6_HINT };
  const address = text.slice(1, close);
  const zone = address.indexOf('%');
  if (zone >= 0) {
    return {
      at: zone + 1,
      rule: 'invalid registry host: an IPv6 zone is not allowed',
      hint: 'Leave the zone away, or use a host name that resolves to this address.',
    };
  }
  if (address.includes('.')) {
    return { at: 1, rule: 'invalid registry host: an IPv4-mapped address is not allowed' };
  }
  if (!isIPv6(address)) {
    return { at: 1, rule: 'invalid registry host: not an IPv6 address', hint: IPV6_HINT };
  }
  return portProblem(text, close + 1);
}

function namedHostProblem(text: string): Problem | undefined {
  const colon = text.indexOf(':');
  if (/^[0-9a-fA-F.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(text)) {
    return {
      at: 0,
      rule: 'invalid registry host: an IPv6 address without brackets',
      hint: IPV6_HINT,
    };
  }
  const host = colon < 0 ? text : text.slice(0, colon);
  return (
    labelsProblem(host) ??
    portProblem(text, host.length) ??
    (readsAsItself(host)
      ? undefined
      : { at: 0, rule: 'invalid registry host: neither a host name nor an IPv4 address' })
  );
}

function labelsProblem(host: string): Problem | undefined {
  let at = 0;
  for (const label of host.split('.')) {
    const bad = label.search(/[^a-zA-Z0-9-]/);
    if (bad >= 0) return badHostCharacter(host, at + bad);
    if (label === '') return { at, rule: 'invalid registry host: a part of it is empty' };
    if (label.startsWith('-')) return { at, rule: 'invalid registry host: a part begins with "-"' };
    if (label.endsWith('-')) {
      return { at: at + label.length - 1, rule: 'invalid registry host: a part ends with "-"' };
    }
    at += label.length + 1;
  }
  return undefined;
}

function badHostCharacter(host: string, at: number): Problem {
  const char = characterAt(host, at);
  return {
    at,
    rule: `invalid registry host: ${quoteChar(char)} is not allowed`,
    ...(char > '\u007f'
      ? { hint: 'Write an international host name in punycode ("xn--…").' }
      : char === '_' && !host.includes(':')
        ? { hint: 'A first part with a dot in it is taken for a registry host.' }
        : {}),
  };
}

/** `rest` of the text at `at` must be empty or ":PORT". */
function portProblem(text: string, at: number): Problem | undefined {
  if (at >= text.length) return undefined;
  if (text[at] !== ':') return { at, rule: 'invalid registry host: expected ":" and a port' };
  const port = text.slice(at + 1);
  const number = /^[0-9]+$/.test(port) ? Number(port) : 0;
  if (number >= 1 && number <= 65_535) return undefined;
  return { at: at + 1, rule: 'invalid registry port', hint: PORT_HINT };
}

/**
 * A URL reads "127.1" and "0x7f.0.0.1" as other addresses and rejects "1.2.3.4.5": only a host that
 * a URL does not change may be dialed. Since Node 24, URLs also accept labels that are no punycode.
 */
function readsAsItself(host: string): boolean {
  if (!URL.canParse(`https://${host}/`)) return false;
  if (/(?:^|\.)xn--/i.test(host) && /(?:^|\.)xn--/.test(domainToUnicode(host))) return false;
  return !/(?:^|\.)(?:[0-9]+|0[xX][0-9a-fA-F]*)$/.test(host) || isIPv4(host);
}

/**
 * Normalizes a valid host: lower case, port without leading zeros, Docker Hub's alias resolved. A
 * host that differs from a Docker Hub path only by its capitals ("Foo/bar") keeps them.
 */
export function canonicalHost(text: string): string {
  const colon = text.indexOf(':', Math.max(0, text.indexOf(']')));
  const host = (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
  if (colon >= 0) return `${host}:${Number(text.slice(colon + 1))}`;
  if (host === 'index.docker.io') return DOCKER_HUB;
  return looksLikeHost(host) ? host : text;
}
