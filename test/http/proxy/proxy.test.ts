import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProxyRules, type ProxyRules } from '../../../src/config/proxies/rules.ts';
import type { LookupAll } from '../../../src/http/address/resolver.ts';
import { makeCertificates, type Certificates } from '../../helpers/certificates.ts';
import { startProxyServer } from '../../helpers/proxy-server.ts';
import { startScriptedServer, type ScriptedServer } from '../../helpers/scripted-server.ts';
import { startSocksServer } from '../../helpers/socks-server.ts';
import {
  BASIC,
  bodyText,
  chainOf,
  clientOn,
  everything,
  PASSWORD,
  policies,
  rootsOf,
  secretForms,
  TRANSFER_CLASSES,
  USER,
} from '../setup.ts';

const PROXY_SECRET = 'canary-proxy-7c2e';
const PROXY_LOGIN = `Basic ${Buffer.from(`pete:${PROXY_SECRET}`).toString('base64')}`;

/** Only a proxy's own name is ever looked up here; the names of registries are its business. */
const lookup: LookupAll = (name) =>
  name === 'localhost'
    ? Promise.resolve([{ address: '127.0.0.1', family: 4 }])
    : Promise.reject(Object.assign(new Error(name), { code: 'ENOTFOUND' }));

const through = (value: string, noProxy = ''): ProxyRules =>
  createProxyRules({ HTTP_PROXY: value, HTTPS_PROXY: value, NO_PROXY: noProxy });

describe.each(TRANSFER_CLASSES)('proxies (%s)', (lane) => {
  const testClient = clientOn(lane);
  let certificates: Certificates;
  let registry: ScriptedServer;
  let plain: ScriptedServer;
  beforeAll(async () => {
    certificates = await makeCertificates('registry.corp');
    registry = await startScriptedServer(
      ({ headers }) =>
        headers.authorization === undefined
          ? { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }
          : { status: 200, body: 'through the tunnel' },
      { tls: certificates },
    );
    plain = await startScriptedServer(() => ({ status: 200, body: 'forwarded' }));
  });
  afterAll(async () => {
    await registry.close();
    await plain.close();
    await certificates[Symbol.asyncDispose]();
  });

  const secure = (): ReturnType<typeof policies> => (host) =>
    policies({ [host]: { scheme: 'https', ca: [certificates.ca] } })(host);
  const url = new URL('https://registry.corp/v2/');
  const signedIn = { method: 'GET', url, auth: { registry: 'registry.corp', scopes: [] } };

  it('open a tunnel: each side sees its own login and not the other', async () => {
    await using proxy = await startProxyServer({
      routes: { 'registry.corp:443': registry.port },
      authorization: PROXY_LOGIN,
    });
    await using client = testClient({
      credentials: chainOf(BASIC),
      policies: secure(),
      lookup,
      proxies: through(`http://pete:${PROXY_SECRET}@localhost:${proxy.port}`),
    });
    const before = registry.requests.length;
    expect(await bodyText(await client.request(signedIn))).toBe('through the tunnel');
    expect([...new Set(proxy.heads)]).toEqual([
      [
        'CONNECT registry.corp:443 HTTP/1.1',
        'Host: registry.corp:443',
        `Proxy-Authorization: ${PROXY_LOGIN}`,
      ].join('\r\n'),
    ]);
    expect(registry.requests.length - before).toBe(2);
    const seen = everything(registry);
    for (const secret of secretForms('pete', PROXY_SECRET)) expect(seen).not.toContain(secret);
    expect(seen).not.toMatch(/proxy-/iu);
    const logged = client.logged.join('\n');
    for (const secret of [...secretForms('pete', PROXY_SECRET), ...secretForms(USER, PASSWORD)]) {
      expect(logged).not.toContain(secret);
    }
  });

  it('over TLS are verified like any host, and named when they are not', async () => {
    await using own = await makeCertificates();
    await using proxy = await startProxyServer({
      routes: { 'registry.corp:443': registry.port },
      tls: own,
    });
    const proxies = through(`https://localhost:${proxy.port}`);
    await using trusting = testClient({
      credentials: chainOf(BASIC),
      policies: secure(),
      lookup,
      proxies,
      roots: rootsOf(own.ca),
    });
    expect(await bodyText(await trusting.request(signedIn))).toBe('through the tunnel');

    await using wary = testClient({ policies: secure(), lookup, proxies });
    await expect(wary.request(signedIn)).rejects.toMatchObject({
      code: 'TLS',
      message: expect.stringMatching(
        /^cannot reach registry\.corp: the proxy https:\/\/localhost:\d+ .*authority/u,
      ) as string,
      hint: expect.stringContaining(`certs.d/localhost:${proxy.port}/ca.crt`) as string,
    });
  });

  it('get plain HTTP in absolute form, with their login and not the next one', async () => {
    await using proxy = await startProxyServer({
      routes: { 'plain.corp:80': plain.port },
      authorization: PROXY_LOGIN,
    });
    await using client = testClient({
      lookup,
      proxies: through(`http://pete:${PROXY_SECRET}@localhost:${proxy.port}`),
    });
    const request = { method: 'GET', url: new URL('http://plain.corp/v2/?n=1') };
    expect(await bodyText(await client.request(request))).toBe('forwarded');
    expect(proxy.heads[0]).toMatch(/^GET http:\/\/plain\.corp\/v2\/\?n=1 HTTP\/1\.1\r\n/u);
    expect(proxy.heads[0]).toMatch(/^host: plain\.corp$/imu);
    expect(plain.requests.at(-1)).toMatchObject({
      path: '/v2/?n=1',
      headers: { host: 'plain.corp' },
    });
    expect(everything(plain)).not.toMatch(/proxy-/iu);
  });

  it('speak SOCKS 5, with a login, and look names up themselves', async () => {
    const routes = { 'registry.corp:443': registry.port, 'plain.corp:80': plain.port };
    await using proxy = await startSocksServer({ routes, login: `pete:${PROXY_SECRET}` });
    await using client = testClient({
      credentials: chainOf(BASIC),
      policies: (host) => (host === 'plain.corp' ? policies()(host) : secure()(host)),
      lookup,
      proxies: through(`socks5://pete:${PROXY_SECRET}@localhost:${proxy.port}`),
    });
    expect(await bodyText(await client.request(signedIn))).toBe('through the tunnel');
    const request = { method: 'GET', url: new URL('http://plain.corp/v2/') };
    expect(await bodyText(await client.request(request))).toBe('forwarded');
    const login = `pete:${PROXY_SECRET}`;
    expect([...new Set(proxy.seen)]).toEqual([login, 'registry.corp:443', 'plain.corp:80']);
    expect(everything(registry)).not.toContain(PROXY_SECRET);

    await using stranger = testClient({
      policies: secure(),
      lookup,
      proxies: through(`socks5://pete:wrong@localhost:${proxy.port}`),
    });
    await expect(stranger.request(signedIn)).rejects.toMatchObject({
      message: expect.stringContaining('rejected the login') as string,
    });
    const unknown = { method: 'GET', url: new URL('https://none.corp/') };
    await expect(client.request(unknown)).rejects.toMatchObject({
      message: expect.stringContaining('the host cannot be reached from there') as string,
    });
  });

  it.each([
    ['http://registry.corp/v2/', 'HTTP_PROXY'],
    ['https://registry.corp/v2/', 'HTTPS_PROXY'],
  ])('that want a login are told apart from registries that do: %s', async (target, variable) => {
    await using proxy = await startProxyServer({ routes: {}, authorization: PROXY_LOGIN });
    for (const [login, words] of [
      ['', 'asks for a login'],
      ['pete:wrong-canary@', 'rejected the login'],
    ] as const) {
      await using client = testClient({
        lookup,
        retryTimes: 3,
        proxies: through(`http://${login}localhost:${proxy.port}`),
      });
      const failed = client.request({ method: 'GET', url: new URL(target) });
      await expect(failed).rejects.toMatchObject({
        code: 'NETWORK',
        message: expect.stringMatching(
          new RegExp(
            `^cannot reach registry\\.corp: the proxy http://localhost:\\d+ ${words}`,
            'u',
          ),
        ) as string,
        hint: expect.stringContaining(`${variable}: http://USER:PASSWORD@localhost`) as string,
      });
      await expect(failed).rejects.not.toMatchObject({
        message: expect.stringContaining('canary') as string,
      });
      expect(client.retried).toEqual([]);
    }
  });

  it.each([
    [
      { refuse: '403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0' },
      /did not connect.*403.*DENIED/u,
      0,
    ],
    [{ refuse: '502 Bad \u0007Gateway' }, /did not connect: HTTP 502/u, 2],
    [{}, /finds no such host.*DNS_FAIL/u, 0],
  ])('that refuse a tunnel say why: %j', async (change, words, retried) => {
    await using proxy = await startProxyServer({ routes: {}, ...change });
    await using client = testClient({
      lookup,
      retryTimes: 5,
      proxies: through(`http://localhost:${proxy.port}`),
    });
    const failed = client.request({ method: 'GET', url });
    await expect(failed).rejects.toMatchObject({
      message: expect.stringMatching(words) as string,
      hint: expect.stringContaining('NO_PROXY') as string,
      details: { proxy: `http://localhost:${proxy.port}`, proxyFrom: 'HTTPS_PROXY' },
    });
    expect(client.retried).toHaveLength(retried);
  });

  it('that are not there, or are something else, are named', async () => {
    await using gone = testClient({ lookup, proxies: through('http://u:canary@nowhere.corp:1') });
    await expect(gone.request({ method: 'GET', url })).rejects.toMatchObject({
      message:
        'cannot reach registry.corp: the proxy http://nowhere.corp:1 cannot be reached: no such host',
      why: ['the proxy is set by HTTPS_PROXY'],
      hint: expect.stringContaining('Check HTTPS_PROXY') as string,
    });
    await using other = testClient({
      lookup,
      proxies: through(`socks5://localhost:${plain.port}`),
    });
    await expect(other.request({ method: 'GET', url })).rejects.toMatchObject({
      message: expect.stringContaining('SOCKS 5') as string,
    });
  });

  it('are left out for exempt hosts, whose addresses are then checked as ever', async () => {
    await using proxy = await startProxyServer({ routes: { 'plain.corp:80': plain.port } });
    await using hop = await startScriptedServer(() => ({
      status: 307,
      headers: { location: `http://inside.corp:${plain.port}/` },
    }));
    await using client = testClient({
      lookup: (name) =>
        name === 'inside.corp'
          ? Promise.resolve([{ address: '127.0.0.1', family: 4 }])
          : lookup(name),
      proxies: through(`http://localhost:${proxy.port}`, 'inside.corp'),
    });
    await using redirecting = await startProxyServer({ routes: { 'hop.corp:80': hop.port } });
    await using sent = testClient({
      lookup: (name) =>
        name === 'inside.corp'
          ? Promise.resolve([{ address: '127.0.0.1', family: 4 }])
          : lookup(name),
      proxies: through(`http://localhost:${redirecting.port}`, 'inside.corp'),
    });
    const direct = { method: 'GET', url: new URL(`http://inside.corp:${plain.port}/`) };
    expect(await bodyText(await client.request(direct))).toBe('forwarded');
    expect(proxy.heads).toEqual([]);
    const seen = plain.requests.length;
    const request = { method: 'GET', url: new URL('http://hop.corp/') };
    await expect(sent.request(request)).rejects.toMatchObject({ code: 'TARGET_FORBIDDEN' });
    expect(plain.requests.length).toBe(seen);
  });

  it.each(['http://169.254.169.254/', 'http://127.0.0.1:1/', 'http://10.0.0.1/'])(
    'are not asked for %s on behalf of a registry',
    async (location) => {
      await using hop = await startScriptedServer(() => ({ status: 307, headers: { location } }));
      await using proxy = await startProxyServer({ routes: { 'hop.corp:80': hop.port } });
      await using client = testClient({
        lookup,
        proxies: through(`http://localhost:${proxy.port}`),
      });
      const request = { method: 'GET', url: new URL('http://hop.corp/') };
      await expect(client.request(request)).rejects.toMatchObject({ code: 'TARGET_FORBIDDEN' });
      expect(proxy.heads).toHaveLength(1);
    },
  );
});
