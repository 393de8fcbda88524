import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { HttpClientOptions } from '../../../src/http/client.ts';
import { createTokenFile } from '../../../src/http/auth/disk/cache.ts';
import type { HttpRequest, HttpResponse } from '../../../src/http/types.ts';
import {
  startScriptedServer,
  type Script,
  type ScriptedServer,
} from '../../helpers/scripted-server.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';
import {
  BASIC,
  chainOf,
  everything,
  PASSWORD,
  policies,
  pull,
  secretForms,
  START,
  testClient,
  tokenRegistry,
  USER,
} from '../setup.ts';

const EPHEMERAL = { ...BASIC, neverPersist: true };

function get(server: { origin: string; host: string }, name = 'a'): HttpRequest {
  return {
    method: 'GET',
    url: new URL(`/v2/${name}/tags/list`, server.origin),
    auth: { registry: server.host, repository: name, scopes: [pull(name)] },
  };
}

/** One run of the program: a client over the machine's cache, which is written at its end. */
async function run(
  dir: TempDir,
  request: HttpRequest,
  change: Partial<HttpClientOptions> = {},
): Promise<HttpResponse> {
  const store = createTokenFile({
    folder: dir.join('regctl'),
    uid: process.getuid?.(),
    now: () => START,
  });
  await using client = testClient({ credentials: chainOf(BASIC), store, ...change });
  try {
    const response = await client.request(request);
    await response.discard();
    return response;
  } finally {
    await store.close();
  }
}

const cacheText = (dir: TempDir): Promise<string> =>
  readFile(dir.join('regctl/tokens.json'), 'utf8');
const isToken = (line: string): boolean => line.startsWith('GET /token');

describe('a later run', () => {
  it('sends the token at once', async () => {
    await using dir = await tempDir();
    await using server = await tokenRegistry();
    await run(dir, get(server));
    const response = await run(dir, get(server));
    expect(server.lines.length).toBe(3 + 1);
    expect(server.requests[3]?.headers.authorization).toBe('Bearer token-1');
    expect(response.credentials).toEqual({ sent: true, origin: '--creds' });
  });

  it('asks for another scope without a 401', async () => {
    await using dir = await tempDir();
    await using server = await tokenRegistry();
    await run(dir, get(server));
    await run(dir, get(server, 'b'));
    expect(server.lines.slice(3).map(isToken)).toEqual([true, false]);
  });

  it('sends Basic at once to a registry that wanted it', async () => {
    await using dir = await tempDir();
    await using server = await startScriptedServer(({ headers }) =>
      headers.authorization === undefined
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }
        : { status: 200 },
    );
    await run(dir, get(server));
    await run(dir, get(server));
    expect(server.lines.length).toBe(2 + 1);
    for (const secret of secretForms(USER, PASSWORD)) {
      expect(await cacheText(dir)).not.toContain(secret);
    }
  });

  it('with another login asks for a token of its own', async () => {
    await using dir = await tempDir();
    await using server = await tokenRegistry();
    await run(dir, get(server));
    await run(dir, get(server), { credentials: chainOf({ ...BASIC, password: 'other' }) });
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer token-2');
    await run(dir, get(server), { credentials: chainOf() });
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer token-3');
  });

  it('finds no token that the registry never accepted', async () => {
    await using dir = await tempDir();
    await using server = await tokenRegistry({ refuse: () => true });
    expect((await run(dir, get(server))).status).toBe(401);
    await expect(cacheText(dir)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('replaces a token that was good and is refused now', async () => {
    let refused = '';
    await using dir = await tempDir();
    await using server = await tokenRegistry({ refuse: (token) => token === refused });
    await run(dir, get(server));
    refused = 'token-1';
    expect((await run(dir, get(server))).status).toBe(200);
    expect(server.lines.slice(3).map(isToken)).toEqual([false, true, false]);
    expect((await run(dir, get(server))).status).toBe(200);
    expect(server.lines.length).toBe(3 + 3 + 1);
    expect(await cacheText(dir)).not.toContain('token-1');
  });

  it('gives up when the renewed token is refused too, and keeps neither', async () => {
    let closed = false;
    await using dir = await tempDir();
    await using server = await tokenRegistry({ refuse: () => closed });
    await run(dir, get(server));
    closed = true;
    expect((await run(dir, get(server))).status).toBe(401);
    expect(server.lines.slice(3).map(isToken)).toEqual([false, true, false]);
    expect(await cacheText(dir)).not.toMatch(/token-[12]/);
  });

  it.each([400, 401, 402, 403, 404, 410, 418, 422])(
    'renews after a %i without a challenge, once',
    async (status) => {
      let refused = '';
      await using dir = await tempDir();
      await using server = await tokenRegistry({
        answer: ({ headers }) => ({ status: headers.authorization === refused ? status : 200 }),
      });
      await run(dir, get(server));
      refused = 'Bearer token-1';
      const before = server.lines.length;
      expect((await run(dir, get(server))).status).toBe(200);
      expect(server.lines.slice(before).map(isToken)).toEqual([false, true, false]);
    },
  );

  it.each(['a 404 to a HEAD', 'what was accepted before'])(
    'does not renew after %s',
    async (what) => {
      let missing = false;
      await using dir = await tempDir();
      await using server = await tokenRegistry({
        answer: () => ({ status: missing ? 404 : 200 }),
      });
      await run(dir, get(server));
      const before = server.lines.length;
      const store = createTokenFile({
        folder: dir.join('regctl'),
        uid: process.getuid?.(),
        now: () => START,
      });
      await using client = testClient({ credentials: chainOf(BASIC), store });
      if (what === 'what was accepted before') await (await client.request(get(server))).discard();
      missing = true;
      const method = what === 'a 404 to a HEAD' ? 'HEAD' : 'GET';
      expect((await client.request({ ...get(server), method })).status).toBe(404);
      expect(server.lines.slice(before).filter(isToken)).toEqual([]);
    },
  );

  it('works when the remembered token server is gone and the registry is open now', async () => {
    let open = false;
    await using dir = await tempDir();
    await using server = await startScriptedServer((request) => {
      if (request.path.startsWith('/token')) {
        return open ? { status: 404 } : { status: 200, body: '{"token":"t"}' };
      }
      if (open) return { status: request.headers.authorization === undefined ? 200 : 400 };
      const header = `Bearer realm="http://${request.headers.host ?? ''}/token",service="s"`;
      return request.headers.authorization === undefined
        ? { status: 401, headers: { 'www-authenticate': header } }
        : { status: 200 };
    });
    await run(dir, get(server));
    open = true;
    expect((await run(dir, get(server, 'b'))).status).toBe(200);
    await run(dir, get(server, 'b'));
    expect(server.lines.slice(3).map(isToken)).toEqual([true, false, false]);
  });

  it('tries a refused login once, so that no account is locked', async () => {
    await using dir = await tempDir();
    let known = true;
    await using server = await tokenRegistry({
      token: () =>
        known ? { status: 200, body: '{"token":"t","expires_in":300}' } : { status: 401 },
    });
    await run(dir, get(server));
    known = false;
    await expect(run(dir, get(server, 'b'))).rejects.toMatchObject({ code: 'TOKEN_FAILED' });
    expect(server.lines.slice(3).map(isToken)).toEqual([true, false]);
  });

  it('keeps a keychain’s tokens off the disk, and remembers the challenge alone', async () => {
    await using dir = await tempDir();
    await using server = await tokenRegistry();
    const credentials = chainOf(EPHEMERAL);
    await run(dir, get(server), { credentials });
    expect(await cacheText(dir)).not.toContain('token-1');
    await run(dir, get(server), { credentials });
    expect(server.lines.slice(3).map(isToken)).toEqual([true, false]);
  });

  it('gives a keychain’s login no token of the same login from a file', async () => {
    await using dir = await tempDir();
    await using server = await tokenRegistry();
    await run(dir, get(server));
    await run(dir, get(server), { credentials: chainOf(EPHEMERAL) });
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer token-2');
  });

  it('does not take over what was learnt while TLS was not verified', async () => {
    await using dir = await tempDir();
    await using server = await tokenRegistry();
    const unverified = policies({ [server.host]: { verifyTls: false } });
    await run(dir, get(server), { policies: unverified });
    await run(dir, get(server));
    expect(server.lines.length).toBe(3 + 3);
  });
});

/** Names that are no loopback spelling, all answered by this machine. */
const lookup: NonNullable<HttpClientOptions['lookup']> = () =>
  Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
const named = ({ port }: ScriptedServer, name: string) => ({
  host: `${name}:${port}`,
  origin: `http://${name}:${port}`,
});
const tokens: Script = () => ({ status: 200, body: '{"token":"t","expires_in":300}' });

describe('credentials and a cache that lies', () => {
  const refusal = { code: 'REALM_UNTRUSTED' };

  it('do not follow a registry that has changed its realm', async () => {
    let turned = false;
    await using dir = await tempDir();
    await using evil = await startScriptedServer(tokens);
    await using server = await tokenRegistry({
      refuse: () => turned,
      challenge: (origin) =>
        `Bearer realm="${turned ? named(evil, 'evil.test').origin : origin}/token",service="reg"`,
    });
    const registry = named(server, 'registry.example');
    await run(dir, get(registry), { lookup });
    turned = true;
    for (const name of ['a', 'b', 'b']) {
      await expect(run(dir, get(registry, name), { lookup })).rejects.toMatchObject(refusal);
    }
    expect(evil.lines).toEqual([]);
    expect(await cacheText(dir)).not.toContain('evil.test');
  });

  it('do not go to a realm that somebody wrote into the file', async () => {
    await using dir = await tempDir();
    await using evil = await startScriptedServer(tokens);
    await using server = await tokenRegistry();
    const registry = named(server, 'registry.example');
    await run(dir, get(registry), { lookup });
    const text = await cacheText(dir);
    const forged = text.replaceAll(`${registry.origin}/token`, named(evil, 'evil.test').origin);
    expect(forged).not.toBe(text);
    await writeFile(dir.join('regctl/tokens.json'), forged);
    expect((await run(dir, get(registry, 'b'), { lookup })).status).toBe(200);
    expect(evil.lines).toEqual([]);
    expect(server.lines.slice(3).map(isToken)).toEqual([false, true, false]);
  });

  it('need the trust in a realm again in each run', async () => {
    await using dir = await tempDir();
    await using realm = await startScriptedServer(tokens);
    await using server = await tokenRegistry({
      challenge: () => `Bearer realm="${named(realm, 'auth.test').origin}/token",service="reg"`,
    });
    const request = get(named(server, 'registry.example'));
    const allowedRealms = (): boolean => true;
    await run(dir, request, { lookup, allowedRealms });
    await run(dir, request, { lookup, allowedRealms });
    expect([server.lines.length, realm.lines.length]).toEqual([2 + 1, 1]);
    await expect(run(dir, request, { lookup })).rejects.toMatchObject(refusal);
    expect(realm.lines.length).toBe(1);
    expect(server.requests.at(-1)?.headers.authorization).toBeUndefined();
  });

  it.each(['http://169.254.169.254/token', 'file:///etc/passwd', 'http://10.0.0.1/token'])(
    'are not sent to %s',
    async (target) => {
      await using dir = await tempDir();
      await using server = await tokenRegistry();
      await run(dir, get(server));
      const text = (await cacheText(dir)).replaceAll(`${server.origin}/token`, target);
      await writeFile(dir.join('regctl/tokens.json'), text);
      expect((await run(dir, get(server, 'b'))).status).toBe(200);
      expect(server.lines.slice(3).map(isToken)).toEqual([false, true, false]);
    },
  );

  it('stay with their registry: no token goes to another origin', async () => {
    await using dir = await tempDir();
    await using server = await tokenRegistry();
    await using other = await startScriptedServer(() => ({ status: 200 }));
    await run(dir, get(server));
    await run(dir, { ...get(server), url: new URL('/v2/a/tags/list', other.origin) });
    await run(dir, get(other));
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
    ]);
    expect(everything(other)).not.toContain('token-1');
  });
});
