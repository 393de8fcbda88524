import type { TraceableCredentialChain } from '../credentials/types.ts';
import type { CredentialSourcesOptions } from '../credentials/sources/options.ts';
import type { Registries } from '../config/containers/types.ts';
import type { HttpClientHandle } from '../http/client.ts';
import type { Timeouts } from '../http/exchange/pools.ts';
import type { Probe } from '../http/probe/probe.ts';
import type { TokenStore } from '../http/auth/token-store.ts';
import type { UploadJournal } from '../registry/journal/types.ts';
import type { RegistryClient } from '../registry/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { createPolicies } from './policies.ts';
import type { ConnectionsOptions, ClientSettings, ConnectionOptions } from './types.ts';
import { USER_AGENT } from './version.ts';

/** Connects to the registries of one side of a command. */
export interface SideConnections {
  readonly credentials: TraceableCredentialChain;
  readonly http: HttpClientHandle;
  readonly registry: RegistryClient;
  /** Returns the base URL of a registry that the command names. */
  endpoint(registry: string, options?: CallOptions): Promise<URL>;
  /** Examines the connection to a registry that the command names, and to its mirrors. */
  probe(registry: string, mirrors: readonly string[]): Promise<Probe>;
}

/** What the sides of a client share. */
export interface ConnectSideOptions extends ConnectionsOptions {
  readonly credentialOptions: CredentialSourcesOptions;
  readonly registries: Registries;
  readonly allowedRealms: (registry: string, realmHost: string) => boolean;
  /** Tokens and challenges of earlier runs; undefined: none. */
  readonly store: TokenStore | undefined;
  /** Unfinished uploads of earlier runs. */
  readonly journal: UploadJournal;
}

/** `credentials` replaces the sources that the options and the machine's files name. */
export async function connectSide(
  side: ConnectionOptions,
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
  const { settings, warn, trace } = options;
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
    userAgent: settings.userAgent ?? USER_AGENT,
    now: () => options.machine.now().getTime(),
    random: Math.random,
    retryTimes: settings.retryTimes,
    maxRetryWaitMs: settings.retryMaxWaitMs,
    retryDelayMs: settings.retryDelayMs,
    timeouts: timeouts(settings),
    allowedRealms: options.allowedRealms,
    allowHost: options.allowHost,
    onWarning: options.warn,
    onRetry: options.onRetry,
    log: options.trace,
    beginWait: options.machine.beginWait,
    onLongRun: options.onLongRun,
    longRunAfter: options.longRunAfter,
    fewRequests: options.manyRequests === true ? 0 : undefined,
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
  const origin = createRegistryClient({
    request,
    endpoint,
    warn,
    retries,
    credentials: chain,
    journal,
  });
  const registry = await routed(origin, options, () =>
    createRegistryClient({
      // The next location replaces the retry.
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

function timeouts({ minSpeed, headerTimeoutMs, idleTimeoutMs }: ClientSettings): Partial<Timeouts> {
  return {
    ...(minSpeed === undefined ? {} : { minSpeed }),
    ...(headerTimeoutMs === undefined
      ? {}
      : { headersMs: headerTimeoutMs, firstByteMs: headerTimeoutMs }),
    ...(idleTimeoutMs === undefined ? {} : { idleMs: idleTimeoutMs }),
  };
}

/** Wraps `origin` for names that the files locate elsewhere. */
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

/** The credential options apply only to the registry that the command names. */
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
