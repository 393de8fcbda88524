import { apiHost } from '../../reference/docker-hub.ts';
import type { RegclientConfig } from './config-file.ts';

/** The TLS setting of a dialed host: `plain` is HTTP, `insecure` accepts any certificate. */
export function regclientInsecureMode(
  { hosts }: RegclientConfig,
  host: string,
): 'plain' | 'insecure' | undefined {
  for (const [name, { tls, hostname }] of hosts) {
    if ((hostname ?? apiHost(name)) !== host && apiHost(name) !== host) continue;
    if (tls === 'disabled') return 'plain';
    if (tls === 'insecure') return 'insecure';
  }
  return undefined;
}
