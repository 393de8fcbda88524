import { bareHost, classifyHost } from '../address/class.ts';
import { sameHost } from '../address/target.ts';

/** Whether a token server may receive the credentials of a registry, and why. */
export interface RealmVerdict {
  /**
   * `trusted`: credentials may go there. `untrusted`: an anonymous exchange only. `forbidden`: no
   * request at all, whatever the user allows.
   */
  readonly verdict: 'trusted' | 'untrusted' | 'forbidden';
  /** Why, for messages: completes "the realm …". */
  readonly rule: string;
}

export interface RealmCandidate {
  /** Logical registry: "docker.io". */
  readonly registry: string;
  /** Where the challenge came from. */
  readonly registryUrl: URL;
  readonly realm: URL;
  /** Pairs the user allowed (`--allow-realm`, or remembered by `regctl login`). */
  readonly allowed: (registry: string, realmHost: string) => boolean;
}

interface PinnedPair {
  readonly registry: RegExp;
  readonly realm: string;
  /** Where the pair is documented or was observed. */
  readonly source: string;
}

/** Registries whose token server has a different domain. Patterns are anchored. */
const PINNED: readonly PinnedPair[] = [
  {
    registry: /^docker\.io$/u,
    realm: 'auth.docker.io',
    source: 'distribution docs/content/spec/auth/token.md, "How to authenticate"',
  },
  {
    registry: /^lscr\.io$/u,
    realm: 'ghcr.io',
    source: 'https://github.com/getwud/wud/issues/143 (challenge of lscr.io, a front of ghcr.io)',
  },
  {
    registry: /^rg\.[a-z]{2}-[a-z]{3}\.scw\.cloud$/u,
    realm: 'api.scaleway.com',
    source: 'challenge of rg.<region>.scw.cloud: api.scaleway.com/registry-internal/v1/regions/…',
  },
];

/**
 * Decides whether the token server that a registry names may receive the registry's credentials
 * (CVE-2026-48978: a Bearer realm on a foreign host collects them).
 */
export async function evaluateRealm(candidate: RealmCandidate): Promise<RealmVerdict> {
  const { registry, registryUrl, realm, allowed } = candidate;
  const forbidden = forbiddenReason(registryUrl, realm);
  if (forbidden !== undefined) return { verdict: 'forbidden', rule: forbidden };
  if (sameHost(registryUrl, realm)) return trusted('is on the host of the registry');
  if (bothLoopback(registryUrl, realm)) return trusted('and the registry are both on this machine');
  if (isPinned(registry, realm)) return trusted('is the known one of this registry');
  if (allowed(registry, realm.host)) return trusted('was allowed by the user');
  if (await sameDomain(registryUrl, realm)) return trusted("is in the registry's domain");
  return { verdict: 'untrusted', rule: 'is on a host with no known tie to the registry' };
}

const trusted = (rule: string): RealmVerdict => ({ verdict: 'trusted', rule });

function bothLoopback(a: URL, b: URL): boolean {
  return classifyHost(a.hostname) === 'loopback' && classifyHost(b.hostname) === 'loopback';
}

function forbiddenReason(registryUrl: URL, realm: URL): string | undefined {
  if (realm.protocol !== 'https:' && realm.protocol !== 'http:') return 'is not an http(s) URL';
  if (realm.protocol === 'http:' && registryUrl.protocol !== 'http:') {
    return 'is plain http although the registry speaks https';
  }
  const address = classifyHost(realm.hostname);
  if (address === undefined || address === 'public') return undefined;
  if (sameHost(registryUrl, realm) || bothLoopback(registryUrl, realm)) return undefined;
  return `is a ${address === 'special' ? 'link-local or reserved' : address} address`;
}

function isPinned(registry: string, realm: URL): boolean {
  // No pinned pair has a port.
  return PINNED.some((pair) => pair.realm === realm.host && pair.registry.test(registry));
}

/** Same registrable domain by the Public Suffix List, private suffixes (github.io) included. */
async function sameDomain(a: URL, b: URL): Promise<boolean> {
  const { getDomain } = await import('tldts');
  const domain = (url: URL): string | null =>
    getDomain(bareHost(url.hostname), { allowPrivateDomains: true });
  const wanted = domain(a);
  return wanted !== null && wanted === domain(b);
}
