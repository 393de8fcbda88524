import type { Registries } from '../config/containers/types.ts';
import type { HostPolicies } from '../config/hosts/types.ts';
import type { ProxyRules } from '../config/proxies/rules.ts';
import type { TrustRoots } from '../config/tls/roots.ts';
import type { ConnectionsOptions, ConnectionOptions } from './types.ts';

type PolicyOptions = Pick<ConnectionsOptions, 'machine' | 'settings' | 'warn'> & {
  readonly registries: Registries;
};

/** The host policies of one side; more are added as hosts are named. */
export interface HostPolicyRegistry {
  /** Marks a registry that the command names: the options apply to it, never to a realm or CDN. */
  markNamed(host: string): void;
  isNamed(host: string): boolean;
  /** Resolves the host name if the files contain networks. */
  lookUp(host: string): Promise<void>;
  readonly policies: HostPolicies;
  readonly proxies: ProxyRules;
  readonly roots: TrustRoots;
}

export async function createPolicies(
  side: ConnectionOptions,
  { machine, settings, registries, warn }: PolicyOptions,
): Promise<HostPolicyRegistry> {
  const [
    { createHostPolicies },
    { defaultCertsDirs },
    docker,
    { dockerProxies },
    { createProxyRules },
    { createTrustRoots },
    { systemFolders },
    { readRegclientConfig },
    { regclientInsecureMode },
  ] = await Promise.all([
    import('../config/hosts/policy.ts'),
    import('../config/tls/certs-d.ts'),
    import('../config/docker/config-json.ts'),
    import('../config/docker/proxies.ts'),
    import('../config/proxies/rules.ts'),
    import('../config/tls/roots.ts'),
    import('../config/files/system-folders.ts'),
    import('../config/regclient/config-file.ts'),
    import('../config/regclient/insecure.ts'),
  ]);
  const { env, home, os } = machine;
  const path = docker.dockerConfigPath({ env, home, configDir: settings.config });
  const config =
    path === undefined
      ? docker.parseDockerConfig('', '')
      : await docker.loadDockerConfig(path, { warn });
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    warn(
      'NODE_TLS_REJECT_UNAUTHORIZED=0 is not obeyed; --tls-verify=false exempts only the named registry',
    );
  }
  const regclient = await readRegclientConfig({ env, home }, warn);
  const { tlsVerify, certDir } = side;
  const insecure = new Set<string>();
  const create = (): HostPolicies =>
    createHostPolicies({
      registries: named,
      insecureMode: (host) =>
        registries.insecureMode(host) ??
        (insecure.has(host) ? 'insecure' : regclient && regclientInsecureMode(regclient, host)),
      tlsVerify,
      plainHttp: side.plainHttp,
      certDir,
      ca: side.ca,
      clientCert: side.clientCert,
      clientKey: side.clientKey,
      certsDirs: defaultCertsDirs(home, env['XDG_CONFIG_HOME'], systemFolders(os, env).certsDirs),
      headers: config.httpHeaders,
    });
  const named = new Set<string>();
  let policies = create();
  return {
    markNamed(host) {
      if (named.has(host)) return;
      named.add(host);
      policies = create();
    },
    isNamed: (host) => named.has(host),
    async lookUp(host) {
      if (registries.isInsecureAddress === undefined || insecure.has(host)) return;
      const { addressesOf } = await import('../config/hosts/addresses.ts');
      if (!(await addressesOf(host)).some(registries.isInsecureAddress)) return;
      insecure.add(host);
      policies = create();
    },
    policies: (host) => policies(host),
    proxies: createProxyRules(env, dockerProxies(config)),
    roots: createTrustRoots(env, warn, { os }),
  };
}
