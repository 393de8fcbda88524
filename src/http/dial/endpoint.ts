import type { ProxyRules } from '../../config/proxies/rules.ts';
import type { HostPolicies } from '../../config/hosts/types.ts';
import { AppError } from '../../errors/app-error.ts';
import { apiHost } from '../../reference/docker-hub.ts';
import { abortable, type BeginWait, type CallOptions, UNTOLD } from '../../util/abort.ts';
import { createSingleFlight } from '../../util/single-flight.ts';
import type { Dialer } from './dialer.ts';
import { networkError } from './network-error.ts';

export interface Endpoints {
  /**
   * Base URL of a logical registry: "docker.io" → https://registry-1.docker.io/.
   * @throws NetworkError if a probed host cannot be reached
   */
  readonly resolve: (registry: string, options?: CallOptions) => Promise<URL>;
  /** Whether `url` is on the registry's own origin: scheme, host and port. */
  readonly owns: (registry: string, url: URL) => boolean;
}

export interface EndpointOptions {
  readonly policies: HostPolicies;
  readonly dialer: Dialer;
  readonly proxies: ProxyRules;
  readonly beginWait?: BeginWait | undefined;
}

export function createEndpoints(options: EndpointOptions): Endpoints {
  const known = new Map<string, URL>();
  const flight = createSingleFlight<URL>();

  const decide = async (registry: string): Promise<URL> => {
    const host = apiHost(registry);
    const { scheme } = options.policies(host);
    const tls = scheme === 'https' || (scheme === 'probe' && (await speaksTls(host, options)));
    const base = new URL(`${tls ? 'https' : 'http'}://${host}/`);
    known.set(registry, base);
    return base;
  };

  return {
    async resolve(registry, { signal } = {}) {
      signal?.throwIfAborted();
      return (
        known.get(registry) ??
        abortable(
          flight(registry, () => decide(registry)),
          signal,
        )
      );
    },
    owns(registry, url) {
      const base = known.get(registry);
      if (base !== undefined) return base.origin === url.origin;
      const host = apiHost(registry);
      const safe = url.protocol === 'https:' || options.policies(host).scheme !== 'https';
      const own = `${url.protocol}//${host}/`;
      return safe && URL.canParse(own) && new URL(own).origin === url.origin;
    },
  };
}

/** An invalid certificate is still TLS: the request reports the error. */
async function speaksTls(host: string, options: EndpointOptions): Promise<boolean> {
  const { dialer, proxies, beginWait = UNTOLD } = options;
  const url = new URL(`https://${host}/`);
  const { proxy } = proxies(url);
  const endWait = beginWait(`${host} to show whether it speaks TLS`, { quiet: true });
  try {
    return await dialer.speaksTls(url, { host, ...(proxy === undefined ? {} : { proxy }) });
  } catch (error) {
    throw error instanceof AppError ? error : networkError(error, url.host);
  } finally {
    endWait();
  }
}
