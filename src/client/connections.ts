import type { TraceableCredentialChain } from '../credentials/types.ts';
import type { CredentialSourcesOptions } from '../credentials/chain.ts';
import type { Registries } from '../config/containers/registries.ts';
import type { ProxyRules } from '../config/proxies/rules.ts';
import type { TrustRoots } from '../config/tls/roots.ts';
import type { HostPolicies } from '../config/hosts/types.ts';
import type { CopyEvent } from '../copy/types.ts';
import type { HttpClientHandle } from '../http/client.ts';
import type { Probe } from '../http/probe/probe.ts';
import type { TokenStore } from '../http/auth/token-store.ts';
import type { UploadJournal } from '../registry/journal/types.ts';
import type { RegistryClient } from '../registry/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { ConnectionFlags, ProgramFlags } from '../cli/args/global-flags.ts';
import { USER_AGENT } from './version.ts';

/** What reaches the registries of one side of a command. */
export interface SideConnections {
  readonly credentials: TraceableCredentialChain;
  readonly http: HttpClientHandle;
  readonly registry: RegistryClient;
  /** Base URL of a registry that the command names. */
  endpoint(registry: string, options?: CallOptions): Promise<URL>;
  /** The way to a registry that the command names, step by step; its mirrors can be looked at too. */
  probe(registry: string, mirrors: readonly string[]): Promise<Probe>;
}

export interface ConnectSideOptions {
  readonly flags: ProgramFlags;
  readonly credentialOptions: CredentialSourcesOptions;
  readonly registries: Registries;
  readonly now: () => Date;
  readonly note: (text: string) => void;
  readonly warn: (text: string) => void;
  readonly emit: (event: CopyEvent) => void;
  readonly shortLived: boolean;
  readonly onLongRun: (() => void) | undefined;
  readonly trace: ((line: string) => void) | undefined;
  readonly allowedRealms: (registry: string, realmHost: string) => boolean;
  /** Tokens and challenges of earlier runs; undefined: none. */
  readonly store: TokenStore | undefined;
  /** Uploads that earlier runs left. */
  readonly journal: UploadJournal;
}

/** `credentials`: instead of the sources that the flags and the machine's files name. */
export async function connectSide(
  side: ConnectionFlags,
  options: ConnectSideOptions,
  credentials?: TraceableCredentialChain,
): Promise<SideConnections> {
  const [
    { createCredentialChain },
    { createHttpClient },
    { createRegistryClient },
    hosts,
    policies,
  ] = await Promise.all([
    import('../credentials/chain.ts'),
    import('../http/client.ts'),
    import('../registry/client.ts'),
    import('../reference/docker-hub.ts'),
    createPolicies(side, options),
  ]);
  const places = { ...options.credentialOptions, authfile: side.authfile };
  const { warn, trace } = options;
  const mirrors = new Set<string>();
  const chain =
    credentials ??
    withoutFlagsForMirrors(
      createCredentialChain({ ...places, flags: side, trace }),
      createCredentialChain({ ...places, flags: { noCreds: side.noCreds }, trace }),
      (host) => mirrors.has(host) && !policies.isNamed(hosts.apiHost(host)),
    );
  const http = createHttpClient({
    credentials: chain,
    policies: policies.policies,
    proxies: policies.proxies,
    roots: policies.roots,
    userAgent: USER_AGENT,
    now: () => options.now().getTime(),
    random: Math.random,
    retryTimes: options.flags.retryTimes,
    maxRetryWaitMs: options.flags.retryMaxWaitMs,
    timeouts: speedLimit(options.flags),
    allowedRealms: options.allowedRealms,
    onWarning: options.warn,
    onRetry: (event) => options.emit({ type: 'retry', ...event }),
    log: options.trace,
    shortLived: options.shortLived,
    onLongRun: options.onLongRun,
    store: options.store,
  });
  const endpoint: SideConnections['endpoint'] = async (name, call) => {
    policies.markNamed(hosts.apiHost(name));
    await policies.lookUp(hosts.apiHost(name));
    return http.endpoint(name, call);
  };
  const mirrorEndpoint: SideConnections['endpoint'] = async (name, call) => {
    mirrors.add(name);
    await policies.lookUp(hosts.apiHost(name));
    return http.endpoint(name, call);
  };
  const { request, retries } = http;
  const { journal } = options;
  const origin = createRegistryClient({ request, endpoint, warn, retries, journal });
  const registry = await routed(origin, options, () =>
    createRegistryClient({
      // The next place is the retry.
      request: (one) => request({ ...one, idempotent: false }),
      endpoint: mirrorEndpoint,
      warn,
      retries,
    }),
  );
  const probe: SideConnections['probe'] = async (name, others) => {
    policies.markNamed(hosts.apiHost(name));
    await Promise.all([name, ...others].map((one) => policies.lookUp(hosts.apiHost(one))));
    return http.probe();
  };
  return { credentials: chain, http, registry, endpoint, probe };
}

function speedLimit({ minSpeed }: ProgramFlags): { readonly minSpeed?: number } {
  return minSpeed === undefined ? {} : { minSpeed };
}

/** `origin` for logical names, where files say that they are elsewhere. */
async function routed(
  origin: RegistryClient,
  { registries, warn, note, trace }: ConnectSideOptions,
  mirror: () => RegistryClient,
): Promise<RegistryClient> {
  trace?.(`registries: ${registries.files.join(', ') || 'no files'}`);
  if (registries.hasNoSettings) return origin;
  const { createRoutedClient } = await import('../registry/mirrors/client.ts');
  const route = registries.route.bind(registries);
  return createRoutedClient({ origin, mirror: mirror(), route, warn, note, trace });
}

/** What the flags say of credentials is meant for the registry that the command names. */
function withoutFlagsForMirrors(
  full: TraceableCredentialChain,
  withoutFlags: TraceableCredentialChain,
  isMirror: (host: string) => boolean,
): TraceableCredentialChain {
  const chainOf = (host: string): TraceableCredentialChain =>
    isMirror(host) ? withoutFlags : full;
  return {
    describeSources: () => full.describeSources(),
    explain: (host, repository, call) => chainOf(host).explain(host, repository, call),
    lookup: (host, repository, call) => chainOf(host).lookup(host, repository, call),
    forget(host) {
      full.forget(host);
      withoutFlags.forget(host);
    },
  };
}

interface HostPolicyRegistry {
  /** The command uses this registry, so its flags apply to it, and never to a realm or CDN. */
  markNamed(host: string): void;
  isNamed(host: string): boolean;
  /** Resolves the name where the files speak of networks. */
  lookUp(host: string): Promise<void>;
  readonly policies: HostPolicies;
  readonly proxies: ProxyRules;
  readonly roots: TrustRoots;
}

async function createPolicies(
  side: ConnectionFlags,
  { credentialOptions, registries }: ConnectSideOptions,
): Promise<HostPolicyRegistry> {
  const [
    { createHostPolicies },
    { defaultCertsDirs },
    docker,
    { dockerProxies },
    { createProxyRules },
    { createTrustRoots },
  ] = await Promise.all([
    import('../config/hosts/policy.ts'),
    import('../config/tls/certs-d.ts'),
    import('../config/docker/config-json.ts'),
    import('../config/docker/proxies.ts'),
    import('../config/proxies/rules.ts'),
    import('../config/tls/roots.ts'),
  ]);
  const config = await docker.loadDockerConfig(docker.dockerConfigPath(credentialOptions), {
    warn: credentialOptions.warn,
  });
  if (credentialOptions.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    credentialOptions.warn(
      'NODE_TLS_REJECT_UNAUTHORIZED=0 is not obeyed; --tls-verify=false exempts the named registry alone',
    );
  }
  const { tlsVerify, certDir } = side;
  const insecure = new Set<string>();
  const create = (): HostPolicies =>
    createHostPolicies({
      registries: named,
      insecureMode: (host) =>
        registries.insecureMode(host) ?? (insecure.has(host) ? 'insecure' : undefined),
      tlsVerify,
      plainHttp: side.plainHttp,
      certDir,
      certsDirs: defaultCertsDirs(credentialOptions.home, credentialOptions.env['XDG_CONFIG_HOME']),
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
    proxies: createProxyRules(credentialOptions.env, dockerProxies(config)),
    roots: createTrustRoots(credentialOptions.env, credentialOptions.warn),
  };
}
