import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '../protocol-error.ts';

/** Who may speak to a registry that asks for no login. */
export interface CallerRules {
  /** Refuses what a web page sent: no registry client sends `Origin` or `Sec-Fetch-Site`. */
  readonly refuseBrowsers: boolean;
  /**
   * Whether a `Host` (lower case, with its port) is a name of this registry. A web page that binds
   * its own name to this machine's address (DNS rebinding) has another one.
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
