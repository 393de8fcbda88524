import { apiHost } from '../../../reference/docker-hub.ts';
import type { Context } from '../../types.ts';
import { check, type Outcome } from '../check.ts';

/** HTTP or HTTPS: what is wanted, and what is spoken on the port. */
export const schemeCheck = check({
  name: 'scheme',
  needs: ['way', 'place', 'probe', 'reached'],
  gives: ['base'],
  async run({ way, place, probe }, context, options): Promise<Outcome> {
    const { scheme } = way.connection;
    const { registry } = place;
    if (scheme === 'https' && !(await probe.speaksTls(way.url, registry, options))) {
      return {
        verdict: 'failed',
        detail: `HTTPS is wanted, but ${way.url.host} does not speak TLS`,
        hint: `If the registry is meant to be reached without TLS, pass --plain-http, or set insecure = true for it in registries.conf.`,
      };
    }
    const base = await context.endpoint('only', registry, options);
    if (base.protocol === 'https:') return { verdict: 'ok', detail: 'HTTPS', facts: { base } };
    const why =
      scheme === 'http' ? 'as it was asked for' : 'as no TLS is spoken and HTTP is allowed here';
    return isLoopback(base)
      ? { verdict: 'ok', detail: `HTTP, ${why}`, facts: { base } }
      : {
          verdict: 'warning',
          detail: `HTTP, ${why}: everybody on the way can read and change what is sent`,
          hint: `Set up TLS on ${registry}, then leave out ${laxnessOf(context, registry)}.`,
          facts: { base },
        };
  },
});

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** What allows plain HTTP or an unverified certificate, for hints. */
export function laxnessOf(context: Context, registry: string): string {
  const said = context.registries().lax(apiHost(registry)) !== undefined;
  return said ? '"insecure" in the files that name it' : '--plain-http and --tls-verify=false';
}
