import { apiHost } from '../../../reference/docker-hub.ts';
import { check } from '../check.ts';

/** Which proxy applies to the registry, and why. */
export const proxyCheck = check({
  name: 'proxy',
  needs: ['place', 'probe'],
  gives: ['way'],
  async run({ place, probe }) {
    const host = apiHost(place.registry);
    const https = new URL(`https://${host}/`);
    const plain = probe.explain(https, place.registry).scheme === 'http';
    const url = plain ? new URL(`http://${host}/`) : https;
    const connection = probe.explain(url, place.registry);
    const { proxy, proxyReason } = connection;
    return {
      verdict: 'ok',
      detail: proxy === undefined ? `none: ${proxyReason}` : `${proxy.label}: ${proxyReason}`,
      facts: { way: { url, connection } },
    };
  },
});
