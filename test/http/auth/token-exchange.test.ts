import { describe, expect, it } from 'vitest';
import type { Credential } from '../../../src/credentials/types.ts';
import { fetchToken, type TokenRequest } from '../../../src/http/auth/token-exchange.ts';
import { createTokenCache } from '../../../src/http/auth/token-cache.ts';
import { readToken, type Token } from '../../../src/http/auth/token-response.ts';
import { errorMessageOf } from '../../../src/http/error-words.ts';
import { startScriptedServer, type Script } from '../../helpers/scripted-server.ts';
import { START, testClient } from '../setup.ts';

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const secondsOf = (answer: object): number =>
  (readToken(json({ token: 't', ...answer }), 'auth.example', START).renewAt - START) / 1000;

describe('readToken', () => {
  it('takes either name, and access_token of both', () => {
    expect(readToken(json({ token: 'a' }), 'h', 0).value).toBe('a');
    expect(readToken(json({ access_token: 'b', token: '' }), 'h', 0).value).toBe('b');
    expect(readToken(json({ access_token: 'b', token: 'a' }), 'h', 0).value).toBe('b');
  });

  it.each<[string, object, number]>([
    ['60 s by default, renewed early by a tenth', {}, 54],
    ['at least 60 s', { expires_in: 1 }, 54],
    ['a number in a string', { expires_in: '300' }, 270],
    ['30 s early at most', { expires_in: 3600 }, 3570],
    ['nonsense as the default', { expires_in: 'soon' }, 54],
    ['from issued_at', { expires_in: 300, issued_at: '2025-12-31T23:59:00Z' }, 210],
    [
      'from receipt when issued_at is ahead',
      { expires_in: 300, issued_at: '2026-01-01T01:00:00Z' },
      270,
    ],
    [
      'from receipt when it would be dead',
      { expires_in: 300, issued_at: '2025-12-31T01:00:00Z' },
      270,
    ],
    ['from receipt when issued_at is no date', { expires_in: 300, issued_at: 'today' }, 270],
  ])('lives %s', (_rule, answer, expected) => {
    expect(secondsOf(answer)).toBe(expected);
  });

  it.each([{}, { token: '' }, { token: 5 }, { token: 'a\r\nx-evil: 1' }, [], 'x'])(
    'refuses %j',
    (answer) => {
      expect(() => readToken(json(answer), 'auth.example', 0)).toThrow(
        expect.objectContaining({ code: 'TOKEN_FAILED' }) as Error,
      );
    },
  );
});

it.each([[[{}]], { a: 1 }, 'soon', 1e308, -1, null])(
  'an expires_in of %j is a time to live all the same',
  (expires_in) => {
    const { renewAt } = readToken(json({ token: 'x', expires_in }), 'auth.example', 0);
    expect(renewAt).toBeGreaterThanOrEqual(54_000);
    expect(renewAt).toBeLessThan(Number.MAX_SAFE_INTEGER);
  },
);

describe('errorMessageOf', () => {
  it.each([
    [{ errors: [{ code: 'DENIED', message: 'no way' }] }, 'no way'],
    [{ error: 'invalid_grant', error_description: 'expired' }, 'expired'],
    [{ details: 'incorrect username or password' }, 'incorrect username or password'],
    [[], undefined],
  ])('%j', (body, expected) => {
    expect(errorMessageOf(json(body))).toBe(expected ?? '[]');
  });

  it('shows plain text on one line, and no HTML', () => {
    expect(errorMessageOf(new TextEncoder().encode('a\nb'))).toBe(String.raw`a\x0ab`);
    expect(errorMessageOf(new TextEncoder().encode('<html>x</html>'))).toBeUndefined();
  });
});

async function exchange(
  script: Script,
  change: Partial<TokenRequest> = {},
): Promise<{ lines: readonly string[]; bodies: string[]; token: Token }> {
  await using server = await startScriptedServer(script);
  await using client = testClient();
  const token = await fetchToken(
    {
      registry: server.host,
      registryUrl: new URL(server.origin),
      realm: new URL('/token?tenant=x', server.origin),
      service: 'my registry',
      scopes: ['repository:a:pull', 'repository:b:push,pull'],
      ...change,
    },
    { send: client.request, now: () => START, knownClass: () => undefined },
  );
  return { lines: server.lines, bodies: server.requests.map((one) => String(one.body)), token };
}
const ok: Script = () => ({ status: 200, body: '{"token":"t"}' });

describe('fetchToken', () => {
  const identity: Credential = {
    kind: 'identity',
    token: 'refresh me',
    username: '00000000-0000-0000-0000-000000000000',
    origin: 'config.json',
  };

  it('repeats the scope in a GET and keeps the query of the realm', async () => {
    expect((await exchange(ok)).lines).toEqual([
      'GET /token?tenant=x&service=my+registry&scope=repository%3Aa%3Apull&scope=repository%3Ab%3Apull%2Cpush&client_id=regctl',
    ]);
  });

  it('posts a refresh token with the scopes joined by a space', async () => {
    const { lines, bodies } = await exchange(ok, { credential: identity });
    expect(lines).toEqual(['POST /token?tenant=x']);
    expect(Object.fromEntries(new URLSearchParams(bodies[0]))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh me',
      client_id: 'regctl',
      service: 'my registry',
      scope: 'repository:a:pull repository:b:pull,push',
    });
  });

  it.each([400, 401, 404, 405])('falls back from POST to GET on %i', async (status) => {
    const script: Script = (request, count) =>
      request.method === 'POST' ? { status } : ok(request, count);
    const { lines, token } = await exchange(script, { credential: identity });
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['POST', 'GET']);
    expect(token.value).toBe('t');
  });

  it('does not fall back on other failures', async () => {
    const credential = identity;
    await expect(exchange(() => ({ status: 403 }), { credential })).rejects.toMatchObject({
      code: 'TOKEN_FAILED',
      details: { status: 403 },
    });
  });
});

describe('the token cache', () => {
  const owner = {
    registry: 'a',
    origin: 'https://a',
    realm: 'https://a/t',
    service: 's',
    identity: 'anonymous',
    persistent: true,
  };
  const fill = async (scopes: string[], value: string, renewAt = 10) => {
    await cache.fetch(owner, scopes, () => Promise.resolve({ value, renewAt }));
  };
  let now = 0;
  const cache = createTokenCache(() => now);

  it('serves a narrower request and keeps narrow and wide tokens side by side', async () => {
    await fill(['repository:a:pull'], 'narrow');
    await fill(['repository:a:pull,push', 'repository:b:pull'], 'wide');
    expect(cache.find(owner, ['repository:a:pull'])?.value).toBe('narrow');
    expect(cache.find(owner, ['repository:b:pull'])?.value).toBe('wide');
    expect(cache.find(owner, ['repository:a:delete'])).toBeUndefined();
    expect(cache.find(owner, [])).toBeUndefined();
  });

  it('mixes neither realms nor services nor credentials', () => {
    for (const change of [{ realm: 'https://b/t' }, { service: 'z' }, { identity: 'other' }]) {
      expect(cache.find({ ...owner, ...change }, ['repository:a:pull'])).toBeUndefined();
    }
  });

  it('forgets what was dropped and what has expired', () => {
    cache.drop('narrow');
    expect(cache.find(owner, ['repository:a:pull'])?.value).toBe('wide');
    now = 10;
    expect(cache.find(owner, ['repository:a:pull'])).toBeUndefined();
  });

  it('does not keep a failure', async () => {
    const scopes = ['repository:f:pull'];
    await expect(cache.fetch(owner, scopes, () => Promise.reject(new Error('x')))).rejects.toThrow(
      'x',
    );
    now = 0;
    await fill(scopes, 'later');
    expect(cache.find(owner, scopes)?.value).toBe('later');
  });
});
