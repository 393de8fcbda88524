import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { SECURITY_HEADERS } from '../../src/ui/access/headers.ts';
import { createSessions, KEY_MS } from '../../src/ui/access/sessions.ts';
import { startUiServer } from '../../src/ui/server.ts';
import { NOW, ORIGIN, PORT, seen, startPages } from './browser.ts';

const HOST = { host: `127.0.0.1:${PORT}` };

describe('the key', () => {
  it('works once, for a minute, and one at a time', () => {
    let now = NOW.getTime();
    const sessions = createSessions(() => new Date(now));
    const key = sessions.issueKey() ?? '';
    expect(sessions.issueKey()).toBeUndefined();
    expect(sessions.redeem('x')).toBeUndefined();
    const cookie = sessions.redeem(key);
    expect(sessions.isOpen(cookie)).toBe(true);
    expect(sessions.redeem(key)).toBeUndefined();
    expect(sessions.isOpen('x')).toBe(false);

    const late = sessions.issueKey() ?? '';
    now += KEY_MS;
    expect(sessions.redeem(late)).toBeUndefined();
    expect(sessions.issueKey()).toBeDefined();
    // Earlier browsers stay logged in.
    expect(sessions.isOpen(cookie)).toBe(true);
  });

  it('gives each browser a token for its forms', () => {
    const sessions = createSessions(() => NOW);
    const one = sessions.redeem(sessions.issueKey() ?? '') ?? '';
    const other = sessions.redeem(sessions.issueKey() ?? '') ?? '';
    expect(sessions.isFormToken(one, sessions.formToken(one))).toBe(true);
    expect(sessions.isFormToken(one, sessions.formToken(other))).toBe(false);
    expect(sessions.isFormToken(one, '')).toBe(false);
  });

  it('becomes a cookie and leaves the address', async () => {
    const sessions = createSessions(() => NOW);
    await using pages = await startPages();
    await pages.app.request(`${ORIGIN}/`, { headers: HOST });
    const key = pages.keys[0] ?? '';
    const answer = await pages.app.request(`${ORIGIN}//evil.example/x?key=${key}&a=1`, {
      headers: HOST,
    });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/evil.example/x?a=1');
    expect(answer.headers.get('set-cookie')).toMatch(
      new RegExp(`^regctl-ui-${PORT}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`, 'u'),
    );
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(sessions.redeem(key)).toBeUndefined();
  });
});

describe('a browser without a login', () => {
  it('sees no page, and causes no request to a registry', async () => {
    await using pages = await startPages();
    for (const path of ['/', '/registries', '/tags?repository=reg.example/app', '/nope', '/row']) {
      const answer = await seen(await pages.app.request(`${ORIGIN}${path}`, { headers: HOST }));
      expect([answer.status, answer.text.slice(0, 19)]).toEqual([401, 'This page is locked']);
    }
    expect(pages.requests()).toEqual([]);
    // One key for all, so that nobody floods the terminal.
    expect(pages.keys).toHaveLength(1);
  });
});

describe('a request from elsewhere', () => {
  it.each(['evil.example', `evil.example:${PORT}`, '127.0.0.1', `127.0.0.1:${PORT + 1}`, ''])(
    'is refused for the host "%s"',
    async (host) => {
      await using pages = await startPages();
      const answer = await pages.get('/registries', { host });
      expect(answer.status).toBe(421);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.html).not.toContain('reg.example');
    },
  );

  it.each(['cross-site', 'same-site'])('is refused if the browser says "%s"', async (site) => {
    await using pages = await startPages();
    const answer = await pages.get('/tags?repository=reg.example/app', { 'sec-fetch-site': site });
    expect(answer.status).toBe(401);
    expect(pages.requests()).toEqual([]);
    // The file with the key leads from another site, so only the start page asks again.
    expect(answer.html).not.toContain('http-equiv');
    expect((await pages.get('/', { 'sec-fetch-site': site })).html).toContain('0; url=/');
  });

  it.each(['same-origin', 'none'])('is answered if the browser says "%s"', async (site) => {
    await using pages = await startPages();
    expect((await pages.get('/registries', { 'sec-fetch-site': site })).status).toBe(200);
  });
});

it('every answer has the headers that keep a page in', async () => {
  await using pages = await startPages();
  for (const path of ['/', '/registries', '/assets/style.css', '/assets/none', '/nope', '/image']) {
    const { headers } = await pages.get(path);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      expect(headers.get(name), `${path} ${name}`).toBe(value);
    }
  }
  expect(SECURITY_HEADERS['content-security-policy']).not.toContain('unsafe');
});

it('the server listens on this machine only and ends with its connections', async () => {
  await using pages = await startPages();
  const addresses: string[] = [];
  const server = await startUiServer({
    sources: pages.sources,
    hostPlatform: { os: 'linux', architecture: 'amd64' },
    concurrency: 1,
    now: () => NOW,
    allowDelete: false,
    port: 0,
    onBug: () => undefined,
    onAddress: (address) => addresses.push(address),
  });
  expect(server.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/u);
  const { port } = new URL(server.origin);
  const status = await new Promise((resolve, reject) => {
    const headers = { host: `evil.example:${port}` };
    request(server.firstAddress, { headers }, (answer) => resolve(answer.statusCode))
      .on('error', reject)
      .end();
  });
  expect(status).toBe(421);
  const opened = await fetch(server.firstAddress, { redirect: 'manual' });
  expect(opened.status).toBe(303);
  expect((await fetch(server.firstAddress, { redirect: 'manual' })).status).toBe(401);
  expect(addresses).toHaveLength(1);
  await server[Symbol.asyncDispose]();
  await expect(fetch(server.origin)).rejects.toThrow('fetch failed');
});
