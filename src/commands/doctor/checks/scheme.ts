import { isLoopback } from '../../../config/host-name.ts';
import { apiHost } from '../../../reference/docker-hub.ts';
import { type CheckResult, defineCheck, type DoctorContext } from '../check.ts';

/** Whether the port uses the scheme that the settings demand: HTTP or HTTPS. */
export const schemeCheck = defineCheck({
  name: 'scheme',
  needs: ['route', 'location', 'probe', 'reached'],
  gives: ['base'],
  async run({ route, location, probe }, context, options): Promise<CheckResult> {
    const { scheme } = route.connection;
    const { registry } = location;
    if (scheme === 'https' && !(await probe.speaksTls(route.url, registry, options))) {
      return {
        verdict: 'failed',
        detail: `HTTPS is wanted, but ${route.url.host} does not use TLS`,
        hint: `If the registry is meant to be reached without TLS, pass --plain-http, or set insecure = true for it in registries.conf.`,
      };
    }
    const base = await context.endpoint('single', registry, options);
    if (base.protocol === 'https:') return { verdict: 'ok', detail: 'HTTPS', facts: { base } };
    const why =
      scheme === 'http' ? 'as it was asked for' : 'as no TLS is spoken and HTTP is allowed here';
    return isLoopback(base.hostname)
      ? { verdict: 'ok', detail: `HTTP, ${why}`, facts: { base } }
      : {
          verdict: 'warning',
          detail: `HTTP, ${why}: anyone between can read and change what is sent`,
          hint: `Set up TLS on ${registry}, then leave out ${insecureSettingOf(context, registry)}.`,
          facts: { base },
        };
  },
});

/** The setting that allows plain HTTP or an unverified certificate, for hints. */
export function insecureSettingOf(context: DoctorContext, registry: string): string {
  const said = context.registries().insecureMode(apiHost(registry)) !== undefined;
  return said ? '"insecure" in the files that name it' : '--plain-http and --tls-verify=false';
}
