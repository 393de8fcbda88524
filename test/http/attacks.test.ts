import { describe, expect, it } from 'vitest';
import type { Credential } from '../../src/credentials/types.ts';
import type { HttpClientOptions } from '../../src/http/client.ts';
import type { HttpRequest } from '../../src/http/types.ts';
import { bytesOf } from '../../src/util/bytes.ts';
import {
  startScriptedServer,
  type Script,
  type ScriptedServer,
} from '../helpers/scripted-server.ts';
import {
  BASIC,
  bodyText,
  chainOf,
  everything,
  PASSWORD,
  policies,
  pull,
  secretForms,
  testClient,
  tokenRegistry,
  USER,
  type TestClient,
} from './setup.ts';

const CONFIG_SECRET = 'canary-meta-77aa';
const IDENTITY = 'canary-identity-93bd';

/** Secrets that must never reach another origin than their own, nor a log. */
const SECRETS = [
  ...secretForms(USER, PASSWORD),
  CONFIG_SECRET,
  IDENTITY,
  'token-1',
  'canary-cookie',
];

function expectNoSecrets(text: string): void {
  expect(SECRETS.filter((secret) => text.includes(secret))).toEqual([]);
}

/** A knows the login and the config headers; whatever B is, it must learn neither. */
function victim(a: { host: string }, change: Partial<HttpClientOptions> = {}): TestClient {
  return testClient({
    credentials: chainOf(BASIC),
    policies: policies({ [a.host]: { headers: { 'X-Meta-Token': CONFIG_SECRET } } }),
    ...change,
  });
}

function get(server: { origin: string; host: string }, path = '/v2/a/blobs/x'): HttpRequest {
  return {
    method: 'GET',
    url: new URL(path, server.origin),
    headers: { cookie: 'canary-cookie', accept: 'application/json', range: 'bytes=5-' },
    auth: { registry: server.host, repository: 'a', scopes: [pull('a')] },
  };
}

const basicChallenge: Script = () => ({
  status: 401,
  headers: { 'www-authenticate': 'Basic realm="give it to me"' },
});
const redirectTo =
  (to: () => string, status = 307): Script =>
  () => ({ status, headers: { location: to() } });

describe('credentials belong to an origin', () => {
  it.each([301, 302, 303, 307, 308])(
    'a %i to another port carries none of them',
    async (status) => {
      await using b = await startScriptedServer(basicChallenge);
      await using a = await tokenRegistry({ answer: redirectTo(() => `${b.origin}/blob`, status) });
      await using client = victim(a);
      const response = await client.request(get(a));
      expect(response.status).toBe(401);
      expect(response.credentials).toBeUndefined();
      expect(b.lines).toEqual(['GET /blob']);
      expect(b.requests[0]?.headers).toMatchObject({
        range: 'bytes=5-',
        accept: 'application/json',
      });
      expect(a.requests[0]?.headers['x-meta-token']).toBe(CONFIG_SECRET);
      expectNoSecrets(everything(b));
      expectNoSecrets(client.logged.join('\n'));
    },
  );

  it('answers no Bearer challenge of a redirect target', async () => {
    await using b = await startScriptedServer((request) => ({
      status: 401,
      headers: { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token"` },
    }));
    await using a = await tokenRegistry({ answer: redirectTo(() => `${b.origin}/blob`) });
    await using client = victim(a);
    expect((await client.request(get(a))).status).toBe(401);
    expect(b.lines).toEqual(['GET /blob']);
    expectNoSecrets(everything(b));
  });

  it('attaches nothing again when B sends the request back to A', async () => {
    await using b = await startScriptedServer(redirectTo(() => `${a.origin}/steal`));
    await using a: ScriptedServer = await tokenRegistry({
      answer: (request) =>
        request.path === '/steal'
          ? { status: 200 }
          : { status: 307, headers: { location: b.origin } },
    });
    await using client = victim(a);
    const response = await client.request(get(a));
    expect(response.status).toBe(401);
    const last = a.requests.at(-1);
    expect(last?.path).toBe('/steal');
    expect(last?.headers.authorization).toBeUndefined();
    expect(last?.headers['x-meta-token']).toBeUndefined();
    expect(last?.headers.cookie).toBeUndefined();
  });

  it('counts another name of the same machine as another origin', async () => {
    await using b = await startScriptedServer(() => ({ status: 200 }));
    await using a = await tokenRegistry({
      answer: redirectTo(() => `http://localhost:${b.port}/blob`),
    });
    await using client = victim(a);
    expect((await client.request(get(a))).status).toBe(200);
    expectNoSecrets(everything(b));
  });

  it('sends no credentials to an upload Location elsewhere, but the content', async () => {
    await using b = await startScriptedServer(() => ({ status: 201 }));
    await using a = await tokenRegistry();
    await using client = victim(a);
    const data = new TextEncoder().encode('layer');
    const response = await client.request({
      ...get(a),
      method: 'PUT',
      url: new URL('/upload?digest=sha256:0', b.origin),
      initiator: new URL(a.origin),
      headers: { authorization: 'Bearer token-1', 'content-type': 'application/octet-stream' },
      body: { length: data.byteLength, open: () => bytesOf(data) },
    });
    expect(response.status).toBe(201);
    expect(b.requests[0]?.body.toString()).toBe('layer');
    expect(b.lines).toEqual(['PUT /upload?digest=sha256:0']);
    expectNoSecrets(everything(b));
  });

  it('keeps a caller that forgot `initiator` from sending them elsewhere', async () => {
    await using b = await startScriptedServer(basicChallenge);
    await using a = await tokenRegistry();
    await using client = victim(a);
    await client.request(get(a));
    const response = await client.request({ ...get(a), headers: {}, url: new URL(b.origin) });
    expect(response.status).toBe(401);
    expect(b.lines).toEqual(['GET /']);
    expectNoSecrets(everything(b));
  });

  it('fetches foreign layers without any credentials', async () => {
    for (const challenge of [
      'Basic realm="x"',
      'Bearer realm="http://127.0.0.1:1/token",service="x"',
    ]) {
      await using b = await startScriptedServer(() => ({
        status: 401,
        headers: { 'www-authenticate': challenge },
      }));
      await using a = await tokenRegistry();
      const credentials = chainOf(BASIC);
      await using client = victim(a, { credentials });
      const url = new URL('/layer', b.origin);
      expect(
        (await client.request({ method: 'GET', url, initiator: new URL(a.origin) })).status,
      ).toBe(401);
      expect(credentials.asked).toEqual([]);
      expectNoSecrets(everything(b));
    }
  });

  it('re-opens the body for a 307 and gives up what an endless chain asks', async () => {
    await using a = await startScriptedServer((request, count) =>
      count <= 3
        ? { status: 307, headers: { location: `/hop${count}` } }
        : { status: 201, body: request.body },
    );
    await using client = victim(a);
    const data = new TextEncoder().encode('again');
    const body = { length: data.byteLength, open: () => bytesOf(data) };
    const response = await client.request({
      method: 'PUT',
      url: new URL('/start', a.origin),
      body,
    });
    expect(await bodyText(response)).toBe('again');
    expect(a.lines).toEqual(['PUT /start', 'PUT /hop1', 'PUT /hop2', 'PUT /hop3']);

    await using loop = await startScriptedServer(() => ({
      status: 302,
      headers: { location: '/' },
    }));
    await expect(
      client.request({ method: 'GET', url: new URL(loop.origin) }),
    ).rejects.toMatchObject({
      code: 'TOO_MANY_REDIRECTS',
    });
    expect(loop.lines).toHaveLength(11);
  });

  it('follows only 307 and 308 for what is not a read, and nothing on demand', async () => {
    await using a = await startScriptedServer(() => ({ status: 302, headers: { location: '/x' } }));
    await using client = victim(a);
    const url = new URL(a.origin);
    expect((await client.request({ method: 'POST', url })).status).toBe(302);
    expect((await client.request({ method: 'GET', url, redirect: 'manual' })).status).toBe(302);
    expect(a.lines).toHaveLength(2);
  });

  it('drops a login inside a Location', async () => {
    await using b = await startScriptedServer(() => ({ status: 200 }));
    await using a = await startScriptedServer(
      redirectTo(() => `http://u:p@127.0.0.1:${b.port}/blob`),
    );
    await using client = victim(a);
    const response = await client.request(get(a));
    expect(b.requests[0]?.headers.authorization).toBeUndefined();
    expect(response.url.username).toBe('');
  });
});

describe('a redirect into the local network', () => {
  it.each(['http://169.254.169.254/', 'http://[::ffff:169.254.169.254]/', 'http://0.0.0.0:1/'])(
    'to %s is refused',
    async (location) => {
      await using a = await startScriptedServer(redirectTo(() => location));
      await using client = victim(a);
      await expect(client.request(get(a))).rejects.toMatchObject({ code: 'TARGET_FORBIDDEN' });
      expect(client.stats.requests).toBe(1);
    },
  );

  it('is refused when a name leads there, whatever DNS says the second time', async () => {
    await using b = await startScriptedServer(() => ({ status: 200 }));
    let answers = 0;
    await using client = testClient({
      lookup: () => {
        answers += 1;
        const address = answers === 1 ? '169.254.169.254' : '127.0.0.1';
        return Promise.resolve([{ address, family: 4 }]);
      },
    });
    const url = new URL(`http://rebind.example:${b.port}/`);
    const initiator = new URL('https://registry.example/');
    await expect(client.request({ method: 'GET', url, initiator })).rejects.toMatchObject({
      code: 'TARGET_FORBIDDEN',
    });
    expect(b.lines).toEqual([]);
  });

  it('is refused when only one of the addresses is private', async () => {
    await using client = testClient({
      lookup: () =>
        Promise.resolve([
          { address: '93.184.216.34', family: 4 },
          { address: '127.0.0.1', family: 4 },
        ]),
    });
    const request = {
      method: 'GET',
      url: new URL('https://mixed.example/'),
      initiator: new URL('https://registry.example/'),
    };
    await expect(client.request(request)).rejects.toMatchObject({ code: 'TARGET_FORBIDDEN' });
  });

  it('is fine between names that both live there', async () => {
    await using b = await startScriptedServer(() => ({ status: 200 }));
    await using a = await startScriptedServer(redirectTo(() => `http://minio.corp:${b.port}/`));
    await using client = testClient({
      lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    const url = new URL(`http://registry.corp:${a.port}/`);
    expect((await client.request({ method: 'GET', url })).status).toBe(200);
  });

  it('dials the address that was checked', async () => {
    const asked: string[] = [];
    await using b = await startScriptedServer(() => ({ status: 200 }));
    await using client = testClient({
      lookup: (hostname) => {
        asked.push(hostname);
        return Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
      },
    });
    const url = new URL(`http://one.example:${b.port}/`);
    await client.request({ method: 'GET', url, initiator: new URL('http://127.0.0.1:1/') });
    expect(asked).toEqual(['one.example']);
    expect(b.requests[0]?.headers.host).toBe(`one.example:${b.port}`);
  });
});

const realmIs = (realm: () => string) => ({
  challenge: () => `Bearer realm="${realm()}",service="s",scope="repository:a:pull"`,
});
/** Names that are no loopback spelling, all answered by this machine. */
const lookup: NonNullable<HttpClientOptions['lookup']> = () =>
  Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
const named = (server: ScriptedServer, name: string) => ({
  host: `${name}:${server.port}`,
  origin: `http://${name}:${server.port}`,
});

describe('the realm of a Bearer challenge', () => {
  it.each<[string, Credential]>([
    ['a login', BASIC],
    ['a refresh token', { kind: 'identity', token: IDENTITY, origin: '--creds', username: USER }],
  ])('on a foreign host gets no %s', async (_name, credential) => {
    await using b = await startScriptedServer(() => ({ status: 200, body: '{"token":"x"}' }));
    await using server = await tokenRegistry(realmIs(() => `http://evil.test:${b.port}/token`));
    const a = named(server, 'registry.example');
    await using client = victim(a, { lookup, credentials: chainOf(credential) });
    await expect(client.request(get(a))).rejects.toMatchObject({
      code: 'REALM_UNTRUSTED',
      message: expect.stringMatching(/for registry\.example:\d+ to evil\.test:\d+/u) as string,
      hint: expect.stringMatching(
        /--allow-realm evil\.test.*regctl login registry\.example/u,
      ) as string,
      details: { registry: a.host, realm: `evil.test:${b.port}` },
    });
    expect(b.lines).toEqual([]);
  });

  it('on a foreign host may give an anonymous token', async () => {
    await using b = await startScriptedServer(() => ({ status: 200, body: '{"token":"x"}' }));
    await using server = await tokenRegistry(
      realmIs(() => `http://other.test:${b.port}/token?a=b`),
    );
    const a = named(server, 'registry.example');
    await using client = victim(a, { lookup, credentials: chainOf() });
    expect((await client.request(get(a))).status).toBe(200);
    expect(b.lines).toEqual([
      'GET /token?a=b&service=s&scope=repository%3Aa%3Apull&client_id=regctl',
    ]);
    expectNoSecrets(everything(b));
  });

  it('gets the login when the user allows the pair', async () => {
    await using b = await startScriptedServer(() => ({ status: 200, body: '{"token":"x"}' }));
    await using server = await tokenRegistry(realmIs(() => `http://other.test:${b.port}/token`));
    const a = named(server, 'registry.example');
    await using client = victim(a, {
      lookup,
      allowedRealms: (registry, realm) => registry === a.host && realm === `other.test:${b.port}`,
    });
    expect((await client.request(get(a))).credentials).toEqual({ sent: true, origin: '--creds' });
    expect(b.requests[0]?.headers.authorization).toMatch(/^Basic /u);
    expect(b.requests[0]?.headers['x-meta-token']).toBeUndefined();
  });

  it.each(['http://169.254.169.254/token', 'file:///etc/passwd', 'http://0.0.0.0/token'])(
    '%s is not asked, with or without credentials',
    async (realm) => {
      await using a = await tokenRegistry(realmIs(() => realm));
      for (const credentials of [chainOf(BASIC), chainOf()]) {
        await using client = victim(a, { credentials, allowedRealms: () => true });
        await expect(client.request(get(a))).rejects.toMatchObject({ code: 'TARGET_FORBIDDEN' });
        expect(client.stats.requests).toBe(1);
      }
    },
  );

  it('is passed over when the registry offers Basic as well', async () => {
    await using server = await startScriptedServer((request) =>
      request.headers.authorization?.startsWith('Basic ') === true
        ? { status: 200 }
        : {
            status: 401,
            headers: { 'www-authenticate': 'Bearer realm="http://evil.test/t", Basic realm="r"' },
          },
    );
    const a = named(server, 'registry.example');
    await using client = victim(a, { lookup });
    expect((await client.request(get(a))).status).toBe(200);
    expect(server.lines).toHaveLength(2);
  });

  it('may not hand a login on to another origin', async () => {
    await using b = await startScriptedServer(() => ({ status: 200, body: '{"token":"x"}' }));
    await using a = await tokenRegistry({ token: redirectTo(() => `${b.origin}/token`) });
    await using client = victim(a);
    await expect(client.request(get(a))).rejects.toMatchObject({ code: 'TOKEN_FAILED' });
    expect(b.lines).toEqual([]);
  });

  it('may redirect a login within its origin', async () => {
    await using a = await tokenRegistry({
      token: (request) =>
        request.path.startsWith('/token2')
          ? { status: 200, body: '{"token":"x"}' }
          : { status: 302, headers: { location: '/token2' } },
    });
    await using client = victim(a);
    expect((await client.request(get(a))).status).toBe(200);
    expect(a.requests[2]?.headers.authorization).toMatch(/^Basic /u);
  });

  it('cannot exhaust the memory', async () => {
    await using a = await tokenRegistry({
      token: () => (_request, response) => {
        response.writeHead(200);
        const more = (): void => {
          while (response.write('x'.repeat(16_384)));
          response.once('drain', more);
        };
        more();
      },
    });
    await using client = victim(a);
    await expect(client.request(get(a))).rejects.toMatchObject({
      code: 'TOKEN_FAILED',
      message: expect.stringContaining('over 64 KiB') as string,
    });
  });
});

describe('plain HTTP', () => {
  it('gets no login unless it was asked for or is loopback', async () => {
    await using server = await tokenRegistry();
    const registry = `registry.example:${server.port}`;
    const a = { host: registry, origin: `http://${registry}` };
    await using guessed = victim(a, {
      lookup,
      policies: policies({ [registry]: { scheme: 'probe' } }),
    });
    await expect(guessed.request({ ...get(a), headers: {} })).rejects.toMatchObject({
      code: 'TARGET_FORBIDDEN',
      hint: expect.stringContaining('--plain-http') as string,
    });
    expectNoSecrets(everything(server));
    await using asked = victim(a, { lookup });
    expect((await asked.request(get(a))).status).toBe(200);
  });

  it('gets none even so on the host of an https registry', async () => {
    await using server = await startScriptedServer(basicChallenge);
    await using client = victim(server, {
      policies: policies({ [server.host]: { scheme: 'https' } }),
    });
    expect((await client.request({ ...get(server), headers: {} })).status).toBe(401);
    expectNoSecrets(everything(server));
  });
});

describe('the wire trace', () => {
  it('shows the flow and no secret', async () => {
    await using a = await tokenRegistry({
      token: () => ({
        status: 200,
        headers: { 'set-cookie': 'canary-cookie' },
        body: '{"token":"token-1"}',
      }),
      answer: () => ({
        status: 307,
        headers: { location: '/v2/x?X-Amz-Signature=canary-meta-77aa#token-1' },
      }),
    });
    await using client = victim(a);
    await client.request({ ...get(a), redirect: 'manual' });
    const trace = client.logged.join('\n');
    expect(trace).toContain(`> GET ${a.origin}/token?`);
    expect(trace).toContain('authorization: Bearer REDACTED');
    expect(trace).toContain('authorization: Basic REDACTED');
    expectNoSecrets(trace);
  });
});
