import {
  findCertificates,
  NO_CERTIFICATES,
  readCertDir,
  type Certificates,
} from '../tls/certs-d.ts';
import { isLoopback } from '../host-name.ts';
import type { InsecureMode } from '../containers/types.ts';
import type { HostPolicies, HostPolicy } from './types.ts';

export interface HostPolicyOptions {
  /**
   * The registries the command names, as dialled ("registry-1.docker.io", "localhost:5000"). Only
   * they get the flags and headers below; a realm or CDN on another host:port never does
   * (CVE-2019-10214).
   */
  readonly registries: ReadonlySet<string>;
  /** `--tls-verify`; undefined when not given. An explicit true also rules out plain HTTP. */
  readonly tlsVerify?: boolean | undefined;
  readonly plainHttp?: boolean | undefined;
  /** `--cert-dir`; takes the place of certs.d for the named registries. */
  readonly certDir?: string | undefined;
  /** PEM texts for the named registries, next to what files say. */
  readonly ca?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
  /** Bases of certs.d, in order; see `defaultCertsDirs`. Default: none. */
  readonly certsDirs?: readonly string[] | undefined;
  /**
   * What registries.conf and daemon.json say about a host, as dialled; an explicit `tlsVerify` of
   * true outranks them.
   */
  readonly insecureMode?: ((host: string) => InsecureMode | undefined) | undefined;
  /** `HttpHeaders` of Docker's configuration. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * One policy per host; certificates are read at its first use and remembered. The returned
 * function throws AppError CONFIG_INVALID or IO when they cannot be used.
 */
export function createHostPolicies(options: HostPolicyOptions): HostPolicies {
  const named = new Set([...options.registries].flatMap((host) => spellings(host, options)));
  const known = new Map<string, HostPolicy>();
  return (host) => {
    const key = withoutDefaultPort(host);
    const existing = known.get(key);
    if (existing !== undefined) return existing;
    const strict = named.has(key) ? namedPolicy(key, options) : otherPolicy(key, options);
    const policy = withInsecureMode(
      strict,
      options.tlsVerify === true ? undefined : options.insecureMode?.(key),
    );
    known.set(key, policy);
    return policy;
  };
}

/** `insecure`: HTTPS without verification, then HTTP, as `--tls-verify=false`. */
function withInsecureMode(policy: HostPolicy, mode: InsecureMode | undefined): HostPolicy {
  if (mode === undefined) return policy;
  if (mode === 'plain') return { ...policy, scheme: 'http' };
  const scheme = policy.scheme === 'http' ? 'http' : 'probe';
  return { ...policy, scheme, verifyTls: false };
}

function namedPolicy(host: string, options: HostPolicyOptions): HostPolicy {
  const certificates =
    options.certDir === undefined ? defaults(host, options) : readCertDir(options.certDir);
  return {
    scheme: namedScheme(host, options),
    verifyTls: options.tlsVerify !== false,
    ...withTexts(certificates, options),
    headers: options.headers ?? {},
  };
}

function withTexts(
  certificates: Certificates,
  { ca, clientCert: cert, clientKey: key }: HostPolicyOptions,
): Certificates {
  return {
    ...certificates,
    ca: [...certificates.ca, ...(ca === undefined ? [] : [ca])],
    clientCertificates: [
      ...certificates.clientCertificates,
      ...(cert === undefined || key === undefined ? [] : [{ cert, key }]),
    ],
  };
}

function namedScheme(host: string, options: HostPolicyOptions): HostPolicy['scheme'] {
  if (options.plainHttp === true) return 'http';
  if (options.tlsVerify === undefined) return isLoopback(host) ? 'probe' : 'https';
  return options.tlsVerify ? 'https' : 'probe';
}

function otherPolicy(host: string, options: HostPolicyOptions): HostPolicy {
  return {
    scheme: isLoopback(host) ? 'probe' : 'https',
    verifyTls: true,
    ...defaults(host, options),
    headers: {},
  };
}

function defaults(host: string, options: HostPolicyOptions): Certificates {
  return options.certsDirs === undefined
    ? NO_CERTIFICATES
    : findCertificates(options.certsDirs, host);
}

/** URLs drop the default port, so "ghcr.io:443" is dialled as "ghcr.io". */
function withoutDefaultPort(host: string): string {
  return host.toLowerCase().replace(/:443$/u, '');
}

function spellings(host: string, options: HostPolicyOptions): readonly string[] {
  const name = withoutDefaultPort(host);
  const bare = name.replace(/:80$/u, '');
  return options.plainHttp === true && bare !== name ? [name, bare] : [name];
}
