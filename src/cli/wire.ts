import type { DescribedCredentialChain } from '../auth/types.ts';
import type { CredentialPlaces } from '../auth/sources.ts';
import type { HostPolicies } from '../config/types.ts';
import type { CopyEvent } from '../copy/types.ts';
import type { HttpClientHandle } from '../http/client.ts';
import type { TokenStore } from '../http/token-store.ts';
import type { RegistryClient } from '../registry/types.ts';
import type { CallOptions } from '../store/types.ts';
import type { ConnectionFlags, ProgramFlags } from './global-flags.ts';
import { USER_AGENT } from './version.ts';

/** What reaches the registries of one side of a command. */
export interface Wire {
  readonly credentials: DescribedCredentialChain;
  readonly http: HttpClientHandle;
  readonly registry: RegistryClient;
  /** Base URL of a registry that the command names. */
  endpoint(registry: string, options?: CallOptions): Promise<URL>;
}

export interface WireOptions {
  readonly flags: ProgramFlags;
  readonly places: CredentialPlaces;
  readonly now: () => Date;
  readonly warn: (text: string) => void;
  readonly emit: (event: CopyEvent) => void;
  readonly trace: ((line: string) => void) | undefined;
  readonly allowedRealms: (registry: string, realmHost: string) => boolean;
  /** Tokens and challenges of earlier runs; undefined: none. */
  readonly store: TokenStore | undefined;
}

/** `credentials`: instead of the sources that the flags and the machine's files name. */
export async function createWire(
  side: ConnectionFlags,
  options: WireOptions,
  credentials?: DescribedCredentialChain,
): Promise<Wire> {
  const [
    { createCredentialChain },
    { createHttpClient },
    { createRegistryClient },
    hosts,
    policies,
  ] = await Promise.all([
    import('../auth/sources.ts'),
    import('../http/client.ts'),
    import('../registry/client.ts'),
    import('../reference/docker-hub.ts'),
    createPolicies(side, options),
  ]);
  const places = { ...options.places, authfile: side.authfile };
  const chain =
    credentials ?? createCredentialChain({ ...places, flags: side, trace: options.trace });
  const http = createHttpClient({
    credentials: chain,
    policies: policies.of,
    userAgent: USER_AGENT,
    now: () => options.now().getTime(),
    random: Math.random,
    retryTimes: options.flags.retryTimes,
    maxRetryWaitMs: options.flags.retryMaxWaitMs,
    allowedRealms: options.allowedRealms,
    onWarning: options.warn,
    onRetry: (event) => options.emit({ type: 'retry', ...event }),
    log: options.trace,
    store: options.store,
  });
  const endpoint: Wire['endpoint'] = async (name, call) => {
    policies.name(hosts.apiHost(name));
    return http.endpoint(name, call);
  };
  const registry = createRegistryClient({
    request: http.request,
    endpoint,
    warn: options.warn,
    retries: http.retries,
  });
  return { credentials: chain, http, registry, endpoint };
}

interface GrowingPolicies {
  /** The command uses this registry, so its flags apply to it, and never to a realm or CDN. */
  name(host: string): void;
  readonly of: HostPolicies;
}

async function createPolicies(
  side: ConnectionFlags,
  { places }: WireOptions,
): Promise<GrowingPolicies> {
  const [{ createHostPolicies }, { defaultCertsDirs }, docker] = await Promise.all([
    import('../config/host-policy.ts'),
    import('../config/certificates.ts'),
    import('../config/docker-config.ts'),
  ]);
  const config = await docker.loadDockerConfig(docker.dockerConfigPath(places), {
    warn: places.warn,
  });
  const { tlsVerify, certDir } = side;
  const create = (registries: ReadonlySet<string>): HostPolicies =>
    createHostPolicies({
      registries,
      tlsVerify,
      plainHttp: side.plainHttp,
      certDir,
      certsDirs: defaultCertsDirs(places.home),
      headers: config.httpHeaders,
    });
  const named = new Set<string>();
  let policies = create(named);
  return {
    name(host) {
      if (named.has(host)) return;
      named.add(host);
      policies = create(named);
    },
    of: (host) => policies(host),
  };
}
