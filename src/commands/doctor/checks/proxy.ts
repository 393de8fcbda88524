import { apiHost } from '../../../reference/docker-hub.ts';
import { defineCheck } from '../check.ts';

/** Which proxy applies to the registry, and why. */
export const proxyCheck = defineCheck({
  name: 'proxy',
  needs: ['location', 'probe'],
  gives: ['route'],
  async run({ location, probe }) {
    const host = apiHost(location.registry);
    const https = new URL(`https://${host}/`);
    const plain = probe.explain(https, location.registry).scheme === 'http';
    const url = plain ? new URL(`http://${host}/`) : https;
    const connection = probe.explain(url, location.registry);
    const { proxy, proxyReason } = connection;
    return {
      verdict: 'ok',
      detail: proxy === undefined ? `none: ${proxyReason}` : `${proxy.label}: ${proxyReason}`,
      facts: { route: { url, connection } },
    };
  },
});
