import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RegistryServer } from '../../src/server/server.ts';
import { codeOf, startServer, type Send } from './client.ts';

let server: RegistryServer;
let send: Send;
beforeAll(async () => {
  const isOwnHost = (host: string): boolean => host === 'localhost:5000';
  ({ server, send } = await startServer({ callers: { refuseBrowsers: true, isOwnHost } }));
});
afterAll(() => server.close());

describe('a registry without a login', () => {
  const attempt = async (method: string, headers: Record<string, string>): Promise<unknown[]> => {
    const path = method === 'GET' ? '/v2/' : '/v2/a/blobs/uploads/';
    const answer = await send(method, path, { headers: { host: 'localhost:5000', ...headers } });
    return [answer.status, codeOf(answer)];
  };

  it('answers registry clients', async () => {
    expect((await attempt('GET', {}))[0]).toBe(200);
    expect((await attempt('POST', { host: 'LOCALHOST:5000' }))[0]).toBe(202);
  });

  it.each([
    ['another page', { origin: 'https://example.com' }],
    ['a page without an origin', { origin: 'null' }],
    ['a page of this very server', { origin: 'http://localhost:5000' }],
    ['an image of another page', { 'sec-fetch-site': 'cross-site' }],
    ['the address bar', { 'sec-fetch-site': 'none' }],
    ['a name that leads here (DNS rebinding)', { host: 'evil.example:5000' }],
    ['no name at all', { host: '' }],
  ])('refuses %s', async (_who, headers) => {
    expect(await attempt('GET', headers)).toEqual([403, 'DENIED']);
    expect(await attempt('POST', headers)).toEqual([403, 'DENIED']);
  });
});
