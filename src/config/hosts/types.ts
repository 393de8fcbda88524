import type { CertificateFiles } from '../tls/certs-d.ts';

/** How to reach one registry host; one per host, never inherited by realms or CDNs. */
export interface HostPolicy {
  /** `http`: plain HTTP was asked for. `probe`: HTTPS, falling back to HTTP where no TLS is spoken. */
  readonly scheme: 'https' | 'http' | 'probe';
  /** False only when the user said so for this host. */
  readonly verifyTls: boolean;
  /** PEM texts added to the trusted roots. */
  readonly ca: readonly string[];
  readonly clientCertificates: readonly { readonly cert: string; readonly key: string }[];
  /** The files behind `ca` and `clientCertificates`, for messages. */
  readonly certificateFiles?: CertificateFiles;
  /** Config `HttpHeaders`, sent to the registry's own origin only. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Policy for a host:port as it is dialled. */
export type HostPolicies = (host: string) => HostPolicy;
