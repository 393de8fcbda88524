import type { CertificateSummary } from './certificate.ts';
import { ProxyError } from '../proxy/error.ts';
import type { TlsContexts } from './context.ts';
import { CertificateError, isCertificateFault, isUnknownAuthority } from './error.ts';
import type { TlsPeek } from './peek.ts';

/**
 * Runs an attempt to connect to `host`; if an authority is unknown, again with all authorities of
 * the system. If the certificate is still rejected, `look` gets the facts for the error.
 * @throws CertificateError, and what the attempt throws
 */
export type TrustFallback = <T>(
  host: string,
  attempt: () => Promise<T>,
  look: () => Promise<TlsPeek>,
) => Promise<T>;

export function createTrustFallback(contexts: TlsContexts): TrustFallback {
  const looks = new Map<string, Promise<CertificateSummary | undefined>>();

  const factsOf = (
    host: string,
    look: () => Promise<TlsPeek>,
  ): Promise<CertificateSummary | undefined> => {
    const facts =
      looks.get(host) ??
      look().then(
        (seen) => (seen.tls ? seen.certificate : undefined),
        () => undefined,
      );
    looks.set(host, facts);
    return facts;
  };

  return async (host, attempt, look) => {
    for (;;) {
      const wide = contexts.usesAllRoots(host);
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof ProxyError || !isCertificateFault(error)) throw error;
        if (!isUnknownAuthority(error) || wide) {
          throw new CertificateError(host, await factsOf(host, look), error);
        }
        contexts.useAllRoots(host);
      }
    }
  };
}
