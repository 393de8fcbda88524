import { check } from '../check.ts';

/** A connection to the port, by the proxy that applies. */
export const tcpCheck = check({
  name: 'tcp',
  needs: ['way', 'place', 'probe', 'resolved'],
  gives: ['reached'],
  async run({ way, place, probe }, _context, options) {
    const address = await probe.connect(way.url, place.registry, options);
    const { proxy } = way.connection;
    return {
      verdict: 'ok',
      detail: proxy === undefined ? `connected to ${address}` : `connected by ${proxy.label}`,
      facts: { reached: true },
    };
  },
});
