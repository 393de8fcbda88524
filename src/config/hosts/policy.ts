import {
  findCertificates,
  NO_CERTIFICATES,
  readCertDir,
  type Certificates,
} from '../tls/certs-d.ts';
import { isLoopback } from '../host-name.ts';
import type { InsecureMode } from '../containers/types.ts';
import type { HostPolicies, HostPolicy } from './types.ts';

/** What decides how hosts are reached. */
export interface HostPolicyOptions {
  /**
   * The registries that the command names, as dialed ("registry-1.docker.io", "localhost:5000").
   * The options and headers below apply only to them, never to a realm or CDN on another host:port
   * (CVE-2019-10214).
   */
  readonly registries: ReadonlySet<string>;
  /** `--tls-verify`; undefined when not given. An explicit true also rules out plain HTTP. */
  readonly tlsVerify?: boolean | undefined;
  readonly plainHttp?: boolean | undefined;
  /** `--cert-dir`; replaces certs.d for the named registries. */
  readonly certDir?: string | undefined;
  /** PEM texts for the named registries, in addition to those of files. */
  readonly ca?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
  /** Bases of certs.d, in order; see `defaultCertsDirs`. Default: none. */
  readonly certsDirs?: readonly string[] | undefined;
  /**
   * The setting of registries.conf and daemon.json for a host, as dialed; an explicit `tlsVerify`
   * of true outranks it.
   */
  readonly insecureMode?: ((host: string) => InsecureMode | undefined) | undefined;
  /** `HttpHeaders` of Docker's configuration. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * Creates one policy for each host; certificates are read once, at the first use. The returned
 * function throws AppError CONFIG_INVALID or IO if they cannot be used.
 * @example
 * import { createHostPolicies } from '@regctl/cli/registry';
 *
 * const policies = createHostPolicies({
 *   registries: new Set(['registry.example.com']),
 *   certDir: '/etc/regctl/certs',
 * });
 * console.log(typeof policies);
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

/** `insecure`: HTTPS without verification, then HTTP, like `--tls-verify=false`. */
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

/** URLs drop the default port: "ghcr.io:443" is dialed as "ghcr.io". */
function withoutDefaultPort(host: string): string {
  return host.toLowerCase().replace(/:443$/u, '');
}

function spellings(host: string, options: HostPolicyOptions): readonly string[] {
  const name = withoutDefaultPort(host);
  const bare = name.replace(/:80$/u, '');
  return options.plainHttp === true && bare !== name ? [name, bare] : [name];
}
