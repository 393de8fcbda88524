import { platform } from 'node:os';
import tls, { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { distinctCertificates, type TrustRoots } from '../../config/tls/roots.ts';
import type { HostPolicies, HostPolicy } from '../../config/hosts/types.ts';
import { AppError } from '../../errors/app-error.ts';

/**
 * Options of `tls.connect` for one host; its connections share the context.
 */
export interface TlsSettings {
  readonly rejectUnauthorized: boolean;
  readonly secureContext: SecureContext;
}

export interface TlsContexts {
  /** @throws AppError CONFIG_INVALID if a certificate or key of the host cannot be used */
  get(host: string): TlsSettings;
  /** Whether the host is verified with all authorities that this system trusts. */
  usesAllRoots(host: string): boolean;
  /** Verifies the host with all of them from now on. */
  useAllRoots(host: string): void;
}

/**
 * Reading all roots takes 60 to 120 ms, a context without them 1 ms. Therefore a host is first
 * verified with its own CAs if it has any, else with Node's built-in roots, and with all roots only
 * if that fails.
 */
export function createTlsContexts(policies: HostPolicies, roots: TrustRoots): TlsContexts {
  const contexts = new Map<
    string,
    { readonly policy: HostPolicy; readonly settings: TlsSettings }
  >();
  const wide = new Set<string>();
  let all: readonly string[] | undefined;
  const allRoots = (): readonly string[] => {
    all ??= distinctCertificates([
      ...(roots.exclusive ? [] : [...rootCertificates, ...systemRoots()]),
      ...roots.load().map(({ pem }) => pem),
    ]);
    return all;
  };

  const caOf = (host: string, { ca }: HostPolicy): readonly string[] | undefined => {
    if (roots.exclusive || wide.has(host)) return [...ca, ...allRoots()];
    return ca.length > 0 ? ca : undefined;
  };

  return {
    get(host) {
      const policy = policies(host);
      const existing = contexts.get(host);
      if (existing?.policy === policy) return existing.settings;
      const settings = {
        rejectUnauthorized: policy.verifyTls,
        secureContext: contextOf(host, policy, caOf(host, policy)),
      };
      contexts.set(host, { policy, settings });
      return settings;
    },
    usesAllRoots: (host) => roots.exclusive || wide.has(host),
    useAllRoots(host) {
      if (wide.has(host)) return;
      wide.add(host);
      contexts.delete(host);
    },
  };
}

/**
 * The keychain of macOS and the store of Windows. On other systems the bundle is a file, and Node
 * would print a warning about missing directories.
 */
function systemRoots(): readonly string[] {
  if (platform() !== 'darwin' && platform() !== 'win32') return [];
  return tls.getCACertificates('system');
}

/** Client certificates are sent only to this host (CVE-2019-10214). */
function contextOf(
  host: string,
  { clientCertificates, certificateFiles }: HostPolicy,
  ca: readonly string[] | undefined,
): SecureContext {
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca: [...ca] }),
      ...(clientCertificates.length === 0
        ? {}
        : {
            cert: clientCertificates.map(({ cert }) => cert),
            key: clientCertificates.map(({ key }) => key),
          }),
    });
  } catch (cause) {
    const where = certificateFiles?.folder ?? 'its policy';
    const why = cause instanceof Error ? cause.message.replace(/^error:[0-9A-F]+:/u, '') : '';
    throw new AppError(
      'CONFIG_INVALID',
      `the certificates for ${host} in ${where} cannot be used: ${why}`,
      {
        hint: 'Each *.key must fit its *.cert and have no passphrase; *.crt must be X.509.',
        cause,
      },
    );
  }
}
