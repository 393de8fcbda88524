import { connect } from 'node:tls';
import type { HostPolicies } from '../config/types.ts';
import { apiHost } from '../reference/docker-hub.ts';
import type { CallOptions } from '../store/types.ts';
import { abortable } from '../util/abort.ts';
import { createSingleFlight } from '../util/single-flight.ts';
import { bareHost } from './address.ts';
import { networkError } from './network-error.ts';
import type { Resolver } from './resolver.ts';

export interface Endpoints {
  /**
   * Base URL of a logical registry: "docker.io" → https://registry-1.docker.io/.
   * @throws NetworkError when a probed host cannot be reached
   */
  readonly resolve: (registry: string, options?: CallOptions) => Promise<URL>;
  /** True when `url` is on the registry's own origin: scheme, host and port. */
  readonly owns: (registry: string, url: URL) => boolean;
}

export interface EndpointOptions {
  readonly policies: HostPolicies;
  readonly resolver: Resolver;
  readonly connectMs: number;
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

/**
 * One TLS handshake. A certificate that does not verify is still TLS: the request will say so.
 * Only an answer in another protocol, or a hang-up in place of one, means plain HTTP.
 */
function speaksTls(host: string, options: EndpointOptions): Promise<boolean> {
  const url = new URL(`https://${host}/`);
  const name = bareHost(url.hostname);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: name,
      port: url.port === '' ? 443 : Number(url.port),
      rejectUnauthorized: false,
      lookup: options.resolver.lookup(),
      ...(/^[\d.]+$|:/u.test(name) ? {} : { servername: name }),
    });
    let connected = false;
    const settle = (action: () => void): void => {
      socket.destroy();
      action();
    };
    socket.setTimeout(options.connectMs, () => {
      const error = Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' });
      settle(() => reject(networkError(error, url.host)));
    });
    socket.once('connect', () => {
      connected = true;
    });
    socket.once('secureConnect', () => settle(() => resolve(true)));
    socket.once('error', (error) =>
      settle(() => {
        if (!connected) reject(networkError(error, url.host));
        else resolve(isTlsAlert(error));
      }),
    );
  });
}

/** An alert is TLS's own way to refuse; it proves that TLS is spoken. */
function isTlsAlert(error: Error): boolean {
  return /alert/iu.test('code' in error ? `${String(error.code)} ${error.message}` : error.message);
}
