import type { CertificateFiles } from '../../config/tls/certs-d.ts';
import type { ProxyRules } from '../../config/proxies/rules.ts';
import type { TrustRoots } from '../../config/tls/roots.ts';
import type { HostPolicies, HostPolicy } from '../../config/hosts/types.ts';
import { apiHost } from '../../reference/docker-hub.ts';

/** How a URL is reached and what is trusted there; contains no secret. */
export interface ConnectionReport {
  readonly scheme: HostPolicy['scheme'];
  readonly verifyTls: boolean;
  /** Its label, and what named it; absent when the host is dialled directly. */
  readonly proxy?: { readonly label: string; readonly origin: string };
  /** Why this proxy, or why none: "NO_PROXY has .corp". */
  readonly proxyReason: string;
  /** The files of certs.d or `--cert-dir` for the host. */
  readonly certificateFiles?: CertificateFiles;
  /** Files of authorities for every host. */
  readonly roots: readonly { readonly path: string; readonly origin: string }[];
  /** Node's built-in authorities are trusted too. */
  readonly builtInRoots: boolean;
}

export interface ConnectionSources {
  readonly policies: HostPolicies;
  readonly proxies: ProxyRules;
  readonly roots: TrustRoots;
}

/**
 * `registry`: the logical one that the URL belongs to; absent for realms and other hosts.
 * @throws AppError CONFIG_INVALID or IO, as the connection itself would
 */
export function connectionReport(
  url: URL,
  registry: string | undefined,
  { policies, proxies, roots }: ConnectionSources,
): ConnectionReport {
  const policy = policies(registry === undefined ? url.host : apiHost(registry));
  const { proxy, reason } = proxies(url);
  const { scheme, verifyTls, certificateFiles } = policy;
  return {
    scheme,
    verifyTls,
    ...(proxy === undefined ? {} : { proxy: { label: proxy.label, origin: proxy.origin } }),
    proxyReason: reason,
    ...(certificateFiles === undefined ? {} : { certificateFiles }),
    roots: roots.load().map(({ path, origin }) => ({ path, origin })),
    builtInRoots: !roots.exclusive,
  };
}

/** Wraps the rules: logs once per host which proxy is used. */
export function tracedProxies(rules: ProxyRules, log: (line: string) => void): ProxyRules {
  const told = new Set<string>();
  return (url) => {
    const choice = rules(url);
    const line = `${url.host} through ${choice.proxy?.label} (${choice.reason})`;
    if (choice.proxy !== undefined && !told.has(line)) {
      told.add(line);
      log(line);
    }
    return choice;
  };
}
