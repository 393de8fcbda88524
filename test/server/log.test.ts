import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import type { RequestEntry } from '../../src/server/api/dispatch.ts';
import type { RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import type { Storage } from '../../src/server/storage/types.ts';
import { imageManifest, putManifest, startServer, type Send } from './client.ts';
import { eventually } from '../helpers/until.ts';

const servers: RegistryServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

interface Logged {
  readonly server: RegistryServer;
  readonly send: Send;
  readonly entries: RequestEntry[];
  /** Status and method of every line. */
  readonly lines: () => string[];
}

async function start(storage: Storage = createMemoryStorage()): Promise<Logged> {
  const entries: RequestEntry[] = [];
  const { server, send } = await startServer({
    storage,
    onRequest: (entry) => entries.push(entry),
  });
  servers.push(server);
  const lines = (): string[] => entries.map(({ status, method }) => `${status} ${method}`);
  return { server, send, entries, lines };
}

const data = Buffer.from('0123456789');
const digest = digestOf(data);
const noSpace = (): Error => Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC' });

/** A memory storage some of whose steps fail. */
function failing(parts: {
  readonly blobs?: Partial<Storage['blobs']>;
  readonly uploads?: Partial<Storage['uploads']>;
  readonly manifests?: Partial<Storage['manifests']>;
}): Storage {
  const memory = createMemoryStorage();
  return {
    ...memory,
    blobs: { ...memory.blobs, ...parts.blobs },
    uploads: { ...memory.uploads, ...parts.uploads },
    manifests: { ...memory.manifests, ...parts.manifests },
  };
}

const rejects = (error: Error) => async (): Promise<never> => {
  throw error;
};

describe('the log has the status that was sent', () => {
  it('for each method, with a body and without', async () => {
    const { send, entries, lines } = await start();
    const location = (await send('POST', '/v2/a/blobs/uploads/')).headers.location ?? '';
    await send('PATCH', location, { body: data });
    await send('GET', location);
    await send('PUT', `${location}?digest=${digest}`);
    await send('POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body: data, chunked: true });
    await send('POST', `/v2/b/blobs/uploads/?mount=${digest}&from=a`);
    const image = imageManifest(data);
    await putManifest(send, 'a', 'v1', image);
    await send('HEAD', `/v2/a/blobs/${digest}`);
    await send('GET', `/v2/a/blobs/${digest}`);
    await send('GET', `/v2/a/blobs/${digest}`, { headers: { range: 'bytes=0-1' } });
    await send('GET', `/v2/a/blobs/${digest}`, { headers: { 'if-none-match': `"${digest}"` } });
    await send('DELETE', '/v2/a/manifests/v1');
    await send('DELETE', `/v2/a/blobs/${digest}`);
    expect(lines()).toEqual([
      '202 POST',
      '202 PATCH',
      '204 GET',
      '201 PUT',
      '201 POST',
      '201 POST',
      '201 PUT',
      '200 HEAD',
      '200 GET',
      '206 GET',
      '304 GET',
      '202 DELETE',
      '202 DELETE',
    ]);
    expect(entries.filter(({ failure }) => failure !== undefined)).toEqual([]);
  });

  it('with the endpoint, the repository, the bytes of both bodies and who it was', async () => {
    const entries: RequestEntry[] = [];
    const { server, send } = await startServer({
      basicAuth: (username, password) => username === 'ann' && password === 'one',
      onRequest: (entry) => entries.push(entry),
    });
    servers.push(server);
    const authorization = `Basic ${Buffer.from('ann:one').toString('base64')}`;
    const headers = { authorization, 'user-agent': 'test/1' };
    await send('POST', `/v2/a/b/blobs/uploads/?digest=${digest}`, { body: data, headers });
    await send('GET', `/v2/a/b/blobs/${digest}`, { headers });
    await send('GET', '/v2/');
    await send('GET', '/other', { headers });
    const common = { remote: '127.0.0.1', user: 'ann', userAgent: 'test/1' };
    expect(entries).toMatchObject([
      { ...common, handler: 'blob_upload', repository: 'a/b', received: 10, sent: 0 },
      { ...common, handler: 'blob', repository: 'a/b', received: 0, sent: 10 },
      { status: 401, handler: 'base', repository: undefined, user: undefined },
      { status: 404, handler: undefined, user: 'ann' },
    ]);
    expect(entries.every(({ elapsed }) => elapsed > 0)).toBe(true);
  });

  it('for what is refused, after its body and before it', async () => {
    const { send, entries, lines } = await start();
    await send('GET', '/v2/a/tags/list');
    await send('POST', '/v2/a/tags/list', { body: data });
    await send('POST', `/v2/a/blobs/uploads/?digest=${digestOf(Buffer.from('x'))}`, { body: data });
    await send('PUT', '/v2/a/manifests/v1', { body: 'no JSON' });
    await send('GET', '/v2/a/blobs/sha256:1');
    expect(lines()).toEqual(['404 GET', '405 POST', '400 POST', '400 PUT', '400 GET']);
    expect(entries.filter(({ failure }) => failure !== undefined)).toEqual([]);
  });

  it('and 499, without a failure, for a client that left in mid-upload', async () => {
    const { server, send, entries } = await start();
    const location = (await send('POST', '/v2/a/blobs/uploads/')).headers.location ?? '';
    const socket = connect(Number(server.url.port), server.url.hostname);
    socket.write(`PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\nabc`);
    await eventually(async () => {
      expect((await send('GET', location)).headers.range).toBe('0-2');
    });
    socket.destroy();
    await eventually(() => expect(entries.some(({ method }) => method === 'PATCH')).toBe(true));
    const entry = entries.find(({ method }) => method === 'PATCH');
    expect(entry).toMatchObject({ url: location, status: 499, received: 3 });
    expect(entry).not.toHaveProperty('failure');
  });

  it('and 499 for a client that left in mid-download', async () => {
    let closed = false;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(65_536);
      } finally {
        closed = true;
      }
    };
    const { server, entries } = await start(
      failing({ blobs: { size: async () => 2 ** 40, read: async () => endless() } }),
    );
    const socket = connect(Number(server.url.port), server.url.hostname);
    socket.write(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
    await eventually(() => expect(entries).toHaveLength(1));
    expect(entries[0]).toMatchObject({ method: 'GET', url: `/v2/a/blobs/${digest}`, status: 499 });
    expect(entries[0]?.sent).toBeGreaterThan(0);
    expect(entries[0]).not.toHaveProperty('failure');
    expect(closed).toBe(true);
  });

  it('and 200 for one that left as soon as it had the announced length, as Docker does', async () => {
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    const whole = async function* (): AsyncGenerator<Uint8Array> {
      yield data;
      await left;
    };
    const { server, entries } = await start(
      failing({ blobs: { size: async () => data.byteLength, read: async () => whole() } }),
    );
    const socket = connect(Number(server.url.port), server.url.hostname);
    socket.write(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nhost: x\r\n\r\n`);
    let got = '';
    while (!got.endsWith(data.toString())) got += String((await once(socket, 'data'))[0]);
    const ended = once(socket, 'close');
    socket.destroy();
    await ended;
    leave();
    await eventually(() => expect(entries).toHaveLength(1));
    expect(entries[0]).toMatchObject({ status: 200, sent: data.byteLength });
    expect(entries[0]).not.toHaveProperty('failure');
  });
});

describe('each failure has one line with its cause', () => {
  const fire = new Error('on fire');

  it.each([
    ['POST', `/v2/a/blobs/uploads/?digest=${digest}`, { uploads: { append: rejects(fire) } }],
    ['POST', '/v2/a/blobs/uploads/', { uploads: { create: rejects(fire) } }],
    ['GET', `/v2/a/blobs/${digest}`, { blobs: { size: rejects(fire) } }],
    ['HEAD', `/v2/a/blobs/${digest}`, { blobs: { renew: rejects(fire) } }],
    ['DELETE', `/v2/a/blobs/${digest}`, { blobs: { remove: rejects(fire) } }],
    ['GET', '/v2/a/manifests/v1', { manifests: { resolve: rejects(fire) } }],
  ] as const)('%s %s', async (method, url, parts) => {
    const { send, entries } = await start(failing(parts));
    const body = method === 'POST' ? { body: data } : {};
    expect((await send(method, url, body)).status).toBe(500);
    expect(entries).toMatchObject([{ method, url, status: 500, failure: fire }]);
  });

  it('a download that breaks off too', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield data.subarray(0, 4);
      throw fire;
    };
    const { send, entries } = await start(
      failing({ blobs: { size: async () => 10, read: async () => broken() } }),
    );
    await expect(send('GET', `/v2/a/blobs/${digest}`)).rejects.toThrow(/aborted|hang up|RESET/u);
    await eventually(() => expect(entries).toHaveLength(1));
    expect(entries[0]).toMatchObject({ status: 200, failure: fire });
  });

  it.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('a full disk is 507 (%s)', async (code) => {
    const full = Object.assign(noSpace(), { code });
    const { send, entries } = await start(failing({ uploads: { append: rejects(full) } }));
    const url = `/v2/a/blobs/uploads/?digest=${digest}`;
    const answer = await send('POST', url, { body: data });
    expect(answer.status).toBe(507);
    expect(answer.body.toString()).toMatch(/no space is left|quota is used up|larger than/u);
    expect(entries).toMatchObject([{ method: 'POST', url, status: 507, failure: full }]);
  });
});
