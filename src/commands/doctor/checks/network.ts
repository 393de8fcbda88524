import { isIP } from 'node:net';
import { defineCheck } from '../check.ts';

const SHOWN = 4;

/** The addresses of the host that this machine dials: the registry or the proxy. */
export const dnsCheck = defineCheck({
  name: 'dns',
  needs: ['route', 'probe'],
  gives: ['resolved'],
  async run({ route, probe }, _context, options) {
    const { proxy } = route.connection;
    const name = hostOf(
      proxy === undefined ? route.url : new URL(proxy.label.replace(/^\w+:/u, 'http:')),
    );
    const facts = { resolved: true } as const;
    const whose = proxy === undefined ? '' : '; the proxy looks up the registry';
    if (isIP(name) !== 0) {
      return { verdict: 'skipped', detail: `${name} is an address${whose}`, facts };
    }
    const addresses = await probe.addresses(name, options);
    const more = addresses.length > SHOWN ? ` and ${addresses.length - SHOWN} more` : '';
    const list = addresses.slice(0, SHOWN).join(', ');
    return { verdict: 'ok', detail: `${name} is ${list}${more}${whose}`, facts };
  },
});

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/gu, '');
}

/** Whether the port accepts a connection, through the proxy that applies. */
export const tcpCheck = defineCheck({
  name: 'tcp',
  needs: ['route', 'location', 'probe', 'resolved'],
  gives: ['reached'],
  async run({ route, location, probe }, _context, options) {
    const address = await probe.connect(route.url, location.registry, options);
    const { proxy } = route.connection;
    return {
      verdict: 'ok',
      detail: proxy === undefined ? `connected to ${address}` : `connected by ${proxy.label}`,
      facts: { reached: true },
    };
  },
});
