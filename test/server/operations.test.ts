import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { createRateLimit } from '../../src/server/access/rate.ts';
import { httpMetrics } from '../../src/server/metrics/http.ts';
import { createMetrics } from '../../src/server/metrics/prometheus.ts';
import { metricsPage } from '../../src/server/pages.ts';
import type { RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { limitUploads } from '../../src/server/upload-limit.ts';
import { codeOf, ended, imageManifest, pushBlob, putManifest, startServer } from './client.ts';
import { eventually } from '../helpers/until.ts';

const servers: RegistryServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
const start = async (options: Parameters<typeof startServer>[0] = {}) => {
  const one = await startServer(options);
  servers.push(one.server);
  return one;
};
const data = Buffer.from('0123456789');

describe('pages', () => {
  it('/healthz and /readyz ask for no login, and /readyz says why it is not ready', async () => {
    let failure: Error | undefined;
    const { send } = await start({
      basicAuth: () => false,
      callers: { refuseBrowsers: true, isOwnHost: () => false },
      ready: async () => {
        if (failure !== undefined) throw failure;
      },
    });
    expect((await send('GET', '/v2/')).status).toBe(403);
    expect((await send('GET', '/healthz')).status).toBe(200);
    expect((await send('HEAD', '/readyz')).status).toBe(200);
    failure = new Error('EROFS: read-only file system');
    const { status, body } = await send('GET', '/readyz');
    expect([status, body.toString()]).toEqual([503, 'EROFS: read-only file system\n']);
    expect((await send('GET', '/healthz')).status).toBe(200);
    expect((await send('POST', '/healthz')).status).toBe(405);
  });

  it("/metrics has distribution's names, behind the login", async () => {
    const metrics = createMetrics();
    const http = httpMetrics(metrics, { repositories: false });
    const { send } = await start({
      basicAuth: (username) => username === 'ann',
      pages: metricsPage(metrics),
      ...http,
    });
    const headers = { authorization: `Basic ${Buffer.from('ann:x').toString('base64')}` };
    expect((await send('GET', '/metrics')).status).toBe(401);
    await send('GET', '/v2/team/app/manifests/v1', { headers });
    await send('REPORT', '/v2/', { headers });
    await eventually(async () => {
      const text = (await send('GET', '/metrics', { headers })).body.toString();
      expect(text).toContain('# TYPE registry_http_requests_total counter\n');
      expect(text).toContain(
        'registry_http_requests_total{code="404",handler="manifest",method="get"} 1\n',
      );
      expect(text).toContain(
        'registry_http_requests_total{code="405",handler="base",method="report"} 1\n',
      );
      expect(text).toContain('registry_http_in_flight_requests{handler="manifest"} 0\n');
      expect(text).toMatch(
        /^registry_http_request_duration_seconds_bucket\{handler="manifest",method="get",le="\+Inf"\} 1$/mu,
      );
      expect(text).toMatch(/^registry_http_response_size_bytes_sum\{handler="manifest"\} \d+$/mu);
      expect(text).not.toContain('team/app');
    });
  });

  it('label repositories when asked to, and no text of a client that is none', async () => {
    const metrics = createMetrics();
    const { send } = await start(httpMetrics(metrics, { repositories: true }));
    await send('GET', '/v2/team/app/tags/list');
    await send('GET', '/v2/NO%22/tags/list');
    await eventually(() => {
      const lines = metrics.text().split('\n');
      const named = lines.filter((line) => line.startsWith('registry_http_requests_total'));
      expect(named).toEqual([
        'registry_http_requests_total{code="404",handler="tags",method="get",repository="team/app"} 1',
        'registry_http_requests_total{code="400",handler="tags",method="get",repository=""} 1',
      ]);
    });
  });
});

describe('limits', () => {
  it('refuse a larger body, announced or not, and leave no upload of it', async () => {
    const storage = createMemoryStorage();
    const { send } = await start({ storage, maxBody: 9 });
    for (const chunked of [false, true]) {
      const path = '/v2/a/blobs/uploads/?digest=sha256:' + '0'.repeat(64);
      const answer = await send('POST', path, { body: data, chunked });
      expect([answer.status, codeOf(answer)]).toEqual([413, 'SIZE_INVALID']);
    }
    expect(await storage.uploads.list()).toEqual([]);
  });

  it('bound the requests of one address, and say when to come back', () => {
    let time = 0;
    const count = createRateLimit(2, () => time);
    for (let i = 0; i < 20; i += 1) count('10.0.0.1');
    expect(() => count('10.0.0.1')).toThrowError(
      expect.objectContaining({ code: 'TOOMANYREQUESTS', headers: { 'Retry-After': '1' } }),
    );
    count('10.0.0.2');
    time = 1000;
    count('10.0.0.1');
  });

  it('close a connection beyond --max-connections at once, and take one when another ends', async () => {
    const { server } = await start({ maxConnections: 2 });
    const open = (): Socket => connect(Number(server.url.port), server.url.hostname);
    const ask = async (socket: Socket): Promise<string> => {
      socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return answer.toString().slice(0, 12);
    };
    const [first, second] = [open(), open()];
    expect(await Promise.all([ask(first), ask(second)])).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
    const third = open();
    await ended(third);
    expect(third.bytesRead).toBe(0);
    const gone = ended(first);
    first.end();
    await gone;
    const fourth = open();
    expect(await ask(fourth)).toBe('HTTP/1.1 200');
    expect(await ask(second)).toBe('HTTP/1.1 200');
  });

  it('bound all unfinished uploads together, and make room when one ends', async () => {
    const memory = createMemoryStorage();
    const storage = { ...memory, uploads: limitUploads(memory.uploads, 25) };
    const { send } = await start({ storage });
    const open = async (): Promise<string> =>
      (await send('POST', '/v2/a/blobs/uploads/')).headers.location ?? '';
    const [first, second, third] = [await open(), await open(), await open()];
    for (const location of [first, second]) {
      expect((await send('PATCH', location, { body: data })).status).toBe(202);
    }
    const refused = await send('PATCH', third, { body: data });
    expect(refused.status).toBe(507);
    expect(refused.body.toString()).toContain('--max-uploads allows 25');
    expect((await send('DELETE', first)).status).toBe(204);
    expect((await send('PATCH', third, { body: data })).status).toBe(202);
    await pushBlob(send, 'a', Buffer.from('12345'));
    expect((await putManifest(send, 'a', 'v1', imageManifest(Buffer.from('12345')))).status).toBe(
      201,
    );
  });
});

describe('stopping', () => {
  it('lets a running upload end, and takes no more connections', async () => {
    const storage = createMemoryStorage();
    const { server, send } = await startServer({ storage });
    const location = (await send('POST', '/v2/a/blobs/uploads/')).headers.location ?? '';
    const socket = connect(Number(server.url.port), server.url.hostname);
    socket.write(`PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nabc`);
    await eventually(async () => {
      expect((await send('GET', location)).headers.range).toBe('0-2');
    });
    const closed = server.close({ grace: 60_000 });
    socket.write('def');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 202 /u);
    await closed;
    expect(await storage.uploads.list()).toMatchObject([{ size: 6 }]);
    await expect(send('GET', '/v2/')).rejects.toThrow('ECONNREFUSED');
  });

  it('cuts what does not end in time, and keeps what it sent', async () => {
    const storage = createMemoryStorage();
    const { server, send } = await startServer({ storage });
    const location = (await send('POST', '/v2/a/blobs/uploads/')).headers.location ?? '';
    const socket = connect(Number(server.url.port), server.url.hostname);
    socket.on('error', () => undefined);
    socket.write(`PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nabc`);
    await eventually(async () => {
      expect((await send('GET', location)).headers.range).toBe('0-2');
    });
    await server.close({ grace: 30 });
    expect(await storage.uploads.list()).toMatchObject([{ size: 3 }]);
  });
});
