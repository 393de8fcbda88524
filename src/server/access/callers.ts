import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '../protocol-error.ts';

/** Who may use a registry that requires no login. */
export interface CallerRules {
  /** Refuses requests of web pages: no registry client sends `Origin` or `Sec-Fetch-Site`. */
  readonly refuseBrowsers: boolean;
  /**
   * Whether a `Host` (lower case, with its port) is a name of this registry. Stops web pages that
   * point their own name to this machine's address (DNS rebinding).
   */
  readonly isOwnHost: (host: string) => boolean;
}

/** @throws ProtocolError DENIED */
export function refuseStrangers(request: IncomingMessage, rules: CallerRules): void {
  const { host, origin, 'sec-fetch-site': site } = request.headers;
  if (rules.refuseBrowsers && (origin !== undefined || site !== undefined)) {
    throw new ProtocolError('DENIED', 'web pages may not use this registry: it asks for no login');
  }
  if (host !== undefined && !rules.isOwnHost(host.toLowerCase())) {
    throw new ProtocolError(
      'DENIED',
      `${JSON.stringify(host.slice(0, 255))} is not a name of this registry: allow it with --host-name`,
    );
  }
}
