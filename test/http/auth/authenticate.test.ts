import { describe, expect, it } from 'vitest';
import type { Credential } from '../../../src/credentials/types.ts';
import type { HttpRequest } from '../../../src/http/types.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { startScriptedServer } from '../../helpers/scripted-server.ts';
import {
  BASIC,
  chainOf,
  PASSWORD,
  pull,
  testClient,
  bodyText,
  tokenRegistry,
  USER,
} from '../setup.ts';

const BASIC_HEADER = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;

function get(
  server: { origin: string; host: string },
  path: string,
  scopes: string[],
): HttpRequest {
  const repository = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//u.exec(path)?.[1];
  return {
    method: 'GET',
    url: new URL(path, server.origin),
    auth: { registry: server.host, repository, scopes },
  };
}

describe('Bearer', () => {
  it('costs 401, token and retry once; other scopes then skip the 401', async () => {
    await using server = await tokenRegistry();
    await using client = testClient();
    for (const name of ['a', 'a', 'b']) {
      const response = await client.request(get(server, `/v2/${name}/manifests/1`, [pull(name)]));
      expect(await bodyText(response)).toBe('hello');
      expect(response.credentials).toEqual({ sent: false });
    }
    expect(server.lines).toEqual([
      'GET /v2/a/manifests/1',
      'GET /token?service=reg&scope=repository%3Aa%3Apull&client_id=regctl',
      'GET /v2/a/manifests/1',
      'GET /v2/a/manifests/1',
      'GET /token?service=reg&scope=repository%3Ab%3Apull&client_id=regctl',
      'GET /v2/b/manifests/1',
    ]);
    expect(client.stats.requests).toBe(6);
  });

  it('asks for no token and no credential where the registry answers bare requests', async () => {
    await using server = await startScriptedServer(() => ({ status: 200 }));
    const credentials = chainOf(BASIC);
    await using client = testClient({ credentials });
    await client.request(get(server, '/v2/a/tags/list', [pull('a')]));
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
    expect(credentials.asked).toEqual([]);
  });

  it('sends the login to a trusted realm by GET and says whose credentials were used', async () => {
    await using server = await tokenRegistry();
    await using client = testClient({ credentials: chainOf(BASIC) });
    const response = await client.request(get(server, '/v2/a/manifests/1', [pull('a')]));
    expect(response.credentials).toEqual({ sent: true, origin: '--creds' });
    expect(server.lines[1]).toBe(
      `GET /token?service=reg&scope=repository%3Aa%3Apull&account=${USER}&client_id=regctl`,
    );
    expect(server.requests.map((one) => one.headers.authorization)).toEqual([
      undefined,
      BASIC_HEADER,
      'Bearer token-1',
    ]);
  });

  it('asks for the union of what the request and the challenge name', async () => {
    await using server = await tokenRegistry();
    await using client = testClient();
    await client.request(
      get(server, '/v2/a/manifests/1', ['repository:a:push', 'repository:b:pull']),
    );
    expect(
      new URL(server.lines[1]?.slice(4) ?? '', server.origin).searchParams.getAll('scope'),
    ).toEqual(['repository:a:pull,push', 'repository:b:pull']);
  });

  it('meets one challenge for all first requests, whatever they ask for', async () => {
    await using server = await tokenRegistry();
    await using client = testClient();
    const names = ['a', 'b', 'c'];
    await Promise.all(
      names.map((name) => client.request(get(server, `/v2/${name}/manifests/1`, [pull(name)]))),
    );
    expect(server.lines.filter((line) => line.startsWith('GET /v2/'))).toHaveLength(4);
    expect(client.stats.requests).toBe(7);
  });

  it('lets the others go when the first request fails, or has no challenge to meet', async () => {
    let fail = true;
    await using server = await startScriptedServer(() => {
      const cut = fail;
      fail = false;
      return cut ? (_request, response) => void response.destroy() : { status: 200 };
    });
    await using client = testClient({ retryTimes: 0 });
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c'].map((name) =>
        client.request(get(server, `/v2/${name}/manifests/1`, [pull(name)])),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(server.lines).toHaveLength(3);
  });

  it('does not keep a request that is aborted waiting for the first', async () => {
    let answer = (): void => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    await using server = await startScriptedServer(async () => {
      await held;
      return { status: 200 };
    });
    await using client = testClient();
    const first = client.request(get(server, '/v2/a/manifests/1', [pull('a')]));
    const stop = new AbortController();
    const second = { ...get(server, '/v2/b/manifests/1', [pull('b')]), signal: stop.signal };
    const waiting = client.request(second);
    stop.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
    answer();
    expect((await first).status).toBe(200);
    expect(server.lines).toEqual(['GET /v2/a/manifests/1']);
  });

  it('shares one exchange among requests at the same time', async () => {
    await using server = await tokenRegistry();
    await using client = testClient();
    await client.request(get(server, '/v2/a/manifests/1', [pull('a')]));
    await Promise.all(
      ['1', '2', '3'].map((tag) =>
        client.request(get(server, `/v2/b/manifests/${tag}`, [pull('b')])),
      ),
    );
    expect(server.lines.filter((line) => line.startsWith('GET /token'))).toHaveLength(2);
    expect(server.lines).toHaveLength(3 + 4);
  });

  it('renews before the token expires, without a 401', async () => {
    await using server = await tokenRegistry();
    await using client = testClient();
    const request = get(server, '/v2/a/manifests/1', [pull('a')]);
    await client.request(request);
    client.clock += 269_000;
    await client.request(request);
    client.clock += 2000;
    await client.request(request);
    expect(server.requests.map((one) => one.headers.authorization)).toEqual([
      undefined,
      undefined,
      'Bearer token-1',
      'Bearer token-1',
      undefined,
      'Bearer token-2',
    ]);
  });

  it('does not repeat what may have been taken in part, and has a new token for what follows', async () => {
    const dead = new Set<string>();
    await using server = await tokenRegistry({ refuse: (token) => dead.has(token) });
    await using client = testClient();
    const first = get(server, '/v2/a/blobs/uploads/1', [pull('a')]);
    await client.request(first);
    dead.add('token-1');
    const body = { length: 3, open: () => bytesOf(new TextEncoder().encode('abc')) };
    const put = await client.request({ ...first, method: 'PUT', body, idempotent: false });
    expect([put.status, put.tokenRenewed]).toEqual([401, true]);
    expect((await client.request(first)).status).toBe(200);
    const sent = server.requests.filter(({ path }) => path.startsWith('/v2/'));
    expect(sent.map(({ method, headers }) => [method, headers.authorization])).toEqual([
      ['GET', undefined],
      ['GET', 'Bearer token-1'],
      ['PUT', 'Bearer token-1'],
      ['GET', 'Bearer token-2'],
    ]);
    // An empty body has moved nothing on, and what may be repeated is.
    dead.add('token-2');
    const empty = { length: 0, open: () => bytesOf(new Uint8Array()) };
    const end = { ...first, method: 'PUT', body: empty, idempotent: false };
    expect((await client.request(end)).status).toBe(200);
    dead.add('token-3');
    expect((await client.request({ ...first, method: 'PUT', body })).status).toBe(200);
  });

  it('says of a token that is refused at once that it is not renewed', async () => {
    await using server = await tokenRegistry({ refuse: () => true });
    await using client = testClient();
    const body = { length: 3, open: () => bytesOf(new TextEncoder().encode('abc')) };
    const one = get(server, '/v2/a/blobs/uploads/1', [pull('a')]);
    const put = await client.request({ ...one, method: 'PUT', body, idempotent: false });
    expect([put.status, put.tokenRenewed]).toEqual([401, undefined]);
  });

  it('drops a token that is refused, asks the credential source anew and tries once more', async () => {
    let refused = '';
    await using server = await tokenRegistry({ refuse: (token) => token === refused });
    const credentials = chainOf(BASIC, { ...BASIC, password: 'renewed' });
    await using client = testClient({ credentials });
    const request = get(server, '/v2/a/manifests/1', [pull('a')]);
    await client.request(request);
    refused = 'token-1';
    expect((await client.request(request)).status).toBe(200);
    expect(credentials.forgotten).toEqual([server.host]);
    expect(server.requests.slice(3).map((one) => one.headers.authorization)).toEqual([
      'Bearer token-1',
      `Basic ${Buffer.from(`${USER}:renewed`).toString('base64')}`,
      'Bearer token-2',
    ]);
  });

  it('returns the second 401 of a fresh token with what was sent', async () => {
    await using server = await tokenRegistry({ refuse: () => true });
    await using client = testClient({ credentials: chainOf(BASIC) });
    const response = await client.request(get(server, '/v2/a/manifests/1', [pull('a')]));
    expect(response.status).toBe(401);
    expect(response.credentials).toEqual({ sent: true, origin: '--creds' });
    expect(server.lines).toHaveLength(3);
  });

  it.each([401, 403])('widens once on insufficient_scope with status %i', async (status) => {
    await using server = await startScriptedServer((request) => {
      const realm = `http://${request.headers.host ?? ''}/token`;
      if (request.path.startsWith('/token')) {
        const scope = new URL(request.path, 'http://x').searchParams.get('scope') ?? '';
        return { status: 200, body: JSON.stringify({ token: scope.split(':')[2] }) };
      }
      const sent = request.headers.authorization;
      if (sent === 'Bearer delete,pull') return { status: 202 };
      const challenge =
        sent === undefined
          ? `Bearer realm="${realm}",scope="repository:a:pull"`
          : `Bearer error="insufficient_scope",realm="${realm}",scope="repository:a:delete"`;
      return {
        status: sent === undefined ? 401 : status,
        headers: { 'www-authenticate': challenge },
      };
    });
    await using client = testClient();
    const request = { ...get(server, '/v2/a/manifests/1', []), method: 'DELETE' };
    expect((await client.request(request)).status).toBe(202);
    expect(server.lines).toHaveLength(5);
  });

  it('does not loop when the wider token is refused as well', async () => {
    await using server = await tokenRegistry({
      refuse: () => true,
      challenge: (origin) =>
        `Bearer error="insufficient_scope",realm="${origin}/token",scope="repository:a:delete"`,
    });
    await using client = testClient();
    const response = await client.request(get(server, '/v2/a/manifests/1', [pull('a')]));
    expect(response.status).toBe(401);
    expect(server.lines.length).toBeLessThanOrEqual(5);
  });

  it('gives a 403 without insufficient_scope back at once', async () => {
    await using server = await tokenRegistry({ answer: () => ({ status: 403 }) });
    await using client = testClient();
    const response = await client.request(get(server, '/v2/a/manifests/1', [pull('a')]));
    expect(response.status).toBe(403);
    expect(server.lines).toHaveLength(3);
  });

  it('sends a registry token as it is, without an exchange', async () => {
    await using server = await tokenRegistry();
    const credential: Credential = {
      kind: 'registry-token',
      token: 'given',
      origin: '--registry-token',
    };
    await using client = testClient({ credentials: chainOf(credential) });
    const request = get(server, '/v2/a/manifests/1', [pull('a')]);
    await client.request(request);
    await client.request(request);
    expect(server.requests.map((one) => one.headers.authorization)).toEqual([
      undefined,
      'Bearer given',
      'Bearer given',
    ]);
  });

  it('opens the body anew when a 401 answers an upload', async () => {
    await using server = await tokenRegistry({ answer: () => ({ status: 201 }) });
    await using client = testClient();
    let opened = 0;
    const data = new TextEncoder().encode('manifest');
    const response = await client.request({
      ...get(server, '/v2/a/manifests/1', ['repository:a:pull,push']),
      method: 'PUT',
      body: {
        length: data.byteLength,
        open: () => {
          opened += 1;
          return bytesOf(data);
        },
      },
    });
    expect(response.status).toBe(201);
    expect(opened).toBe(2);
    expect(server.requests.at(-1)?.body.toString()).toBe('manifest');
  });

  it('keeps the remembered challenge when a 401 comes without one', async () => {
    let refused = '';
    await using server = await startScriptedServer((request) => {
      if (request.path === '/token?client_id=regctl&scope=x') return undefined;
      if (request.path.startsWith('/token')) {
        return { status: 200, body: `{"token":"t${server.requests.length}"}` };
      }
      const sent = request.headers.authorization;
      if (sent !== undefined && sent !== refused) return { status: 200 };
      return refused === ''
        ? { status: 401, headers: { 'www-authenticate': `Bearer realm="${server.origin}/token"` } }
        : { status: 401 };
    });
    await using client = testClient();
    const request = get(server, '/v2/a/manifests/1', [pull('a')]);
    await client.request(request);
    refused = server.requests.at(-1)?.headers.authorization ?? '';
    expect((await client.request(request)).status).toBe(200);
  });

  it('leaves an anonymous refusal by the token server to the registry to word', async () => {
    await using server = await tokenRegistry({ token: () => ({ status: 401, body: '{}' }) });
    await using client = testClient();
    const response = await client.request(get(server, '/v2/a/manifests/1', [pull('a')]));
    expect([response.status, response.credentials]).toEqual([401, { sent: false }]);
  });

  it('reports a refused login in the words of the token server, without its secret', async () => {
    await using server = await tokenRegistry({
      token: () => ({
        status: 401,
        body: JSON.stringify({ details: `bad password ${PASSWORD}\u001b[31m` }),
      }),
    });
    await using client = testClient({ credentials: chainOf(BASIC) });
    const failure = client.request(get(server, '/v2/a/manifests/1', [pull('a')]));
    await expect(failure).rejects.toMatchObject({
      code: 'TOKEN_FAILED',
      why: expect.arrayContaining([
        'HTTP 401',
        'the token server says "bad password REDACTED\\x1b[31m"',
      ]) as string[],
      hint: expect.stringContaining('--no-creds') as string,
    });
  });

  it('asks the credential source anew when the token server refuses the login', async () => {
    await using server = await tokenRegistry({
      token: (request) =>
        request.headers.authorization === BASIC_HEADER
          ? { status: 401 }
          : { status: 200, body: '{"token":"t"}' },
    });
    await using client = testClient({
      credentials: chainOf(BASIC, { ...BASIC, password: 'renewed' }),
    });
    const response = await client.request(get(server, '/v2/a/manifests/1', [pull('a')]));
    expect(response.status).toBe(200);
  });
});

describe('Basic', () => {
  const challenge = 'Basic realm="Artifactory"';

  it('is sent after the challenge and then at once', async () => {
    await using server = await startScriptedServer((request) =>
      request.headers.authorization === BASIC_HEADER
        ? { status: 200 }
        : { status: 401, headers: { 'www-authenticate': challenge } },
    );
    await using client = testClient({ credentials: chainOf(BASIC) });
    for (const name of ['a', 'b']) {
      const response = await client.request(get(server, `/v2/${name}/manifests/1`, [pull(name)]));
      expect(response.status).toBe(200);
    }
    expect(server.lines).toHaveLength(3);
  });

  it('is tried once more only when the source has another password', async () => {
    await using server = await startScriptedServer(() => ({
      status: 401,
      headers: { 'www-authenticate': challenge },
    }));
    await using same = testClient({ credentials: chainOf(BASIC) });
    expect((await same.request(get(server, '/v2/a/manifests/1', []))).status).toBe(401);
    expect(server.lines).toHaveLength(2);
    await using other = testClient({ credentials: chainOf(BASIC, { ...BASIC, password: 'new' }) });
    await other.request(get(server, '/v2/a/manifests/1', []));
    expect(server.lines).toHaveLength(2 + 3);
  });

  it('is used for the catalog without forgetting Bearer for repositories', async () => {
    await using server = await tokenRegistry({
      challenge: (origin, path) =>
        path === '/v2/_catalog' ? 'Basic realm="harbor"' : `Bearer realm="${origin}/token"`,
      refuse: () => false,
    });
    await using client = testClient({ credentials: chainOf(BASIC) });
    await client.request(get(server, '/v2/_catalog', []));
    await client.request(get(server, '/v2/a/manifests/1', [pull('a')]));
    const before = server.lines.length;
    await client.request(get(server, '/v2/a/manifests/2', [pull('a')]));
    expect(server.requests.at(-1)?.headers.authorization).toMatch(/^Bearer token-/u);
    expect(server.lines).toHaveLength(before + 1);
  });
});

describe('scopes that are needed later', () => {
  const later = (server: { origin: string; host: string }, name = 'a'): HttpRequest => {
    const one = get(server, `/v2/${name}/manifests/1`, [pull(name)]);
    const { registry, repository, scopes } = one.auth ?? { registry: '', scopes: [] };
    return { ...one, auth: { registry, repository, scopes, upcomingScopes: [pull('other')] } };
  };
  const asked = (server: { lines: readonly string[] }): string[][] =>
    server.lines
      .filter((line) => line.startsWith('GET /token'))
      .map((line) => new URL(line.slice(4), 'http://x').searchParams.getAll('scope'));

  it('are asked for with the first token, which then serves for them too', async () => {
    await using server = await tokenRegistry();
    await using client = testClient();
    await client.request(later(server));
    await client.request(get(server, '/v2/other/manifests/1', [pull('other')]));
    expect(asked(server)).toEqual([[pull('a'), pull('other')]]);
    expect(server.lines).toHaveLength(4);
  });

  it('are no reason for another token', async () => {
    await using server = await tokenRegistry();
    await using client = testClient();
    await client.request(get(server, '/v2/a/manifests/1', [pull('a')]));
    await client.request(later(server));
    expect(asked(server)).toEqual([[pull('a')]]);
  });

  it.each([400, 401, 403])('are left out when the token server answers %i', async (status) => {
    await using server = await tokenRegistry({
      token: ({ path }) =>
        path.includes('other') ? { status } : { status: 200, body: '{"token":"narrow"}' },
    });
    await using client = testClient();
    expect((await client.request(later(server))).status).toBe(200);
    expect((await client.request(later(server))).status).toBe(200);
    expect(asked(server)).toEqual([[pull('a'), pull('other')], [pull('a')]]);
  });

  it('are left out when the token with them does not do', async () => {
    await using server = await tokenRegistry({ refuse: (token) => token === 'token-1' });
    await using client = testClient();
    expect((await client.request(later(server))).status).toBe(200);
    expect((await client.request(later(server))).status).toBe(200);
    expect(asked(server)).toEqual([[pull('a'), pull('other')], [pull('a')]]);
    expect(server.lines).toHaveLength(6);
  });

  it('do not hide the refusal of a login, and end', async () => {
    await using server = await tokenRegistry({ token: () => ({ status: 401 }) });
    await using client = testClient({ credentials: chainOf(BASIC) });
    await expect(client.request(later(server))).rejects.toMatchObject({ code: 'TOKEN_FAILED' });
    expect(asked(server)).toHaveLength(2);
    await using stubborn = await tokenRegistry({ refuse: () => true });
    expect((await client.request(later(stubborn))).status).toBe(401);
    expect(asked(stubborn)).toEqual([[pull('a'), pull('other')], [pull('a')]]);
  });
});
