import { defineCheck } from '../check.ts';

/** A connection to the port, by the proxy that applies. */
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
