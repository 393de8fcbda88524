import { expect, it } from 'vitest';
import { createProxyRules } from '../../../src/config/proxies/rules.ts';
import { policies, rootsOf, testClient } from '../setup.ts';

const files = { folder: '/c/docker.io', ca: ['/c/docker.io/ca.crt'], clientCertificates: [] };

it('says which proxy, certificates and roots apply, and why, without a secret', async () => {
  await using client = testClient({
    proxies: createProxyRules({ HTTPS_PROXY: 'http://u:canary@p:3128', NO_PROXY: '.corp' }),
    policies: policies({ 'registry-1.docker.io': { scheme: 'https', certificateFiles: files } }),
    roots: rootsOf('PEM'),
  });
  const hub = client.explain(new URL('https://registry-1.docker.io/'), 'docker.io');
  expect(hub).toEqual({
    scheme: 'https',
    verifyTls: true,
    proxy: { label: 'http://p:3128', origin: 'HTTPS_PROXY' },
    proxyReason: 'HTTPS_PROXY is set',
    certificateFiles: files,
    roots: [{ path: '/roots.pem', origin: 'the system' }],
    builtInRoots: true,
  });
  const inside = client.explain(new URL('https://r.corp/'));
  expect(inside).not.toHaveProperty('proxy');
  expect(inside).not.toHaveProperty('certificateFiles');
  expect(inside.proxyReason).toBe('NO_PROXY has .corp');
});
