import type { CertificateFiles } from '../tls/certs-d.ts';

/** How to reach one registry host; one per host, never inherited by realms or CDNs. */
export interface HostPolicy {
  /** `http`: plain HTTP was requested. `probe`: HTTPS, or HTTP if the server does not use TLS. */
  readonly scheme: 'https' | 'http' | 'probe';
  /** False only if the user disabled verification for this host. */
  readonly verifyTls: boolean;
  /** PEM texts added to the trusted roots. */
  readonly ca: readonly string[];
  readonly clientCertificates: readonly { readonly cert: string; readonly key: string }[];
  /** The files of `ca` and `clientCertificates`, for messages. */
  readonly certificateFiles?: CertificateFiles;
  /** Config `HttpHeaders`, sent only to the registry's own origin. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Returns the policy for a host:port, as dialed. */
export type HostPolicies = (host: string) => HostPolicy;
